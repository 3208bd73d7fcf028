"""What it was about: routes, topics, thumbs, and how sure the assistant was."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F
from django.db.models.functions import Floor

from clinic.topics import ROUTES
from frontdesk.chat.models import Feedback
from frontdesk.dashboard import charts
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import (
    NOW_AND_BEFORE,
    Cell,
    Column,
    Row,
    Table,
    count,
    listed,
    now_and_before,
    share,
)
from frontdesk.inbox import labels
from frontdesk.inbox.models import Turn

BINS = 10  # of confidence
_ONCE = Count("digest_id", distinct=True)
_EDGE = 0.000001  # a range of the search has both its ends in it


@dataclass
class Talk:
    """How many conversations had a reply of each kind."""

    routes: dict[str, int]
    topics: dict[tuple[str, str], int]
    confidence: list[int]


def talk_of(period: Period) -> Talk:
    """Reads it of the replies' table, which is kept beside the chat."""
    turns = Turn.objects.filter(period.begins("digest__started_at"))
    topics = turns.exclude(topic="").values_list("route", "topic").annotate(_ONCE)
    sure = turns.exclude(confidence=None).annotate(bin=Floor(F("confidence") * BINS))
    confidence = [0] * BINS
    for place, number in sure.values_list("bin").annotate(_ONCE):
        confidence[min(int(place), BINS - 1)] += number
    return Talk(
        dict(turns.values_list("route").annotate(_ONCE)),
        {(route, topic): number for route, topic, number in topics},
        confidence,
    )


def routes(period: Period, now: Talk, before: Talk) -> Table:
    """Each route with the conversations that have a reply of it."""
    names = [name for name in ROUTES if now.routes.get(name) or before.routes.get(name)]
    rows = [
        Row(
            labels.route(name),
            now_and_before(
                now.routes.get(name, 0),
                before.routes.get(name, 0),
                listed(period, route=name),
            ),
        )
        for name in names
    ]
    return _table("routes", "Kinds of questions", "Kind", "of the kind", rows)


def topics(period: Period, now: Talk, before: Talk) -> Table:
    """The same for topics, the most frequent first."""
    every = sorted(
        now.topics.keys() | before.topics.keys(),
        key=lambda pair: (-now.topics.get(pair, 0), -before.topics.get(pair, 0), pair),
    )
    rows = [
        Row(
            f"{labels.topic(topic)} ({labels.route(route).lower()})",
            now_and_before(
                now.topics.get((route, topic), 0),
                before.topics.get((route, topic), 0),
                listed(period, route=route, topic=topic),
            ),
        )
        for route, topic in every
    ]
    return _table("topics", "Topics", "Topic", "about the topic", rows)


def thumbs(period: Period) -> Table:
    """What patients thought of the answers, by topic."""
    given: dict[str, dict[str, int]] = {}
    rows = (
        Feedback.objects.filter(
            period.begins("message__conversation__digest__started_at")
        )
        .values_list("message__topic", "thumb")
        .annotate(Count("pk"))
    )
    for topic, thumb, number in rows:
        given.setdefault(topic or "", {"up": 0, "down": 0})[thumb] += number
    ordered = sorted(given, key=lambda topic: (-sum(given[topic].values()), topic))
    lines = [_thumbs_row(period, topic, given[topic]) for topic in ordered]
    return Table(
        "thumbs",
        "Thumbs by topic",
        "Thumbs that patients gave to single answers, in conversations that began in "
        "the period. Few patients give one, and more often when they are annoyed: "
        "compare topics with each other rather than reading the share as a mark. The "
        "links show conversations with the topic and with such a thumb on any answer.",
        [
            Column("topic", "Topic", "Of the answer with the thumb.", is_number=False),
            Column("up", "Up", "Answers with a thumb up."),
            Column("down", "Down", "Answers with a thumb down."),
            Column("share", "Up of all", "Thumbs up, of all thumbs of the topic."),
        ],
        lines,
        "No patient has given a thumb in the period.",
    )


def confidence(period: Period, now: Talk, before: Talk) -> Table:
    """How sure the assistant was of what it took messages for."""
    rows = []
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        most = high if place == BINS - 1 else round(high - _EDGE, 6)
        address = listed(period, least=low, most=most)
        cells = now_and_before(now.confidence[place], before.confidence[place], address)
        rows.append(Row(f"{low:.0%} to {high:.0%}".replace("%", " %"), cells))
    is_any = any(now.confidence) or any(before.confidence)
    return _table(
        "confidence",
        "How sure the assistant was",
        "How sure",
        "of which it was so sure (100 % is certain)",
        rows if is_any else [],
    )


def _thumbs_row(period: Period, topic: str, given: dict[str, int]) -> Row:
    asked = {"topic": topic} if topic else {}
    up, down = given["up"], given["down"]
    cells: list[Cell] = [
        count(up, listed(period, thumb="up", **asked)),
        count(down, listed(period, thumb="down", **asked)),
        share(up, up + down),
    ]
    return Row(labels.topic(topic), cells)


def _table(
    key: str,
    title: str,
    first: str,
    of_which: str,
    lines: list[Row],
) -> Table:
    now, before = ([row.cells[place].value for row in lines] for place in (0, 1))
    names = [row.name for row in lines]
    return Table(
        key,
        title,
        f"Conversations that began in the period and have at least one reply "
        f"{of_which}. One with several kinds counts in several rows.",
        [
            Column(key, first, "What it was about.", is_number=False),
            Column("now", "Conversations", "Those with at least one such reply."),
            *NOW_AND_BEFORE,
        ],
        lines,
        "The assistant has answered nobody in the period.",
        charts.bars(key, title, names, now, before) if lines else "",
    )
