"""All tables of the dashboard, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from frontdesk.dashboard import handoffs, quality, topics, volumes, waiting, wording
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import Table
from frontdesk.dashboard.wording_tables import (
    drift_table,
    questions,
    questions_table,
)


@dataclass(frozen=True)
class Section:
    """Tables under one heading."""

    key: str
    title: str
    tables: list[Table]


def sections_of(period: Period) -> list[Section]:
    """What can be read of the database at once."""
    volume = volumes.volumes_of(period), volumes.volumes_of(period.before)
    talk = topics.talk_of(period), topics.talk_of(period.before)
    matters = handoffs.matters_of(period), handoffs.matters_of(period.before)
    today = period.now.astimezone(settings.CLINIC.time_zone).date()
    return [
        Section(
            "volumes",
            "How much",
            [
                volumes.at_a_glance(period),
                volumes.by_day(period, *volume),
                volumes.by_hour(period, *volume),
            ],
        ),
        Section(
            "about",
            "What it was about",
            [topics.routes(period, *talk), topics.topics(period, *talk)],
        ),
        Section(
            "staff",
            "Hand-offs and how long people waited",
            [
                waiting.table(period, *matters),
                handoffs.by_reason(period, *matters),
                handoffs.outcomes(period, matters[0]),
            ],
        ),
        Section(
            "quality",
            "How good it was",
            [
                quality.reviews(period),
                topics.thumbs(period),
                topics.confidence(period, *talk),
                quality.answers_due(period, today),
            ],
        ),
    ]


def all_tables(period: Period) -> list[Table]:
    """The same, and what is known of the wording; for files."""
    found = [table for section in sections_of(period) for table in section.tables]
    words = wording.known(period)
    if words is not None:
        found.append(questions_table(questions(words)[0]))
        found.append(drift_table(period, words))
    return found
