"""Whether it was right, as reviewers judged; which answers must be read again."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse

from clinic.answers import NEVER_REFUSED_KINDS, Answer
from frontdesk.answers.names import title_of
from frontdesk.chat.texts import texts
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import Cell, Column, Row, Table, count, listed, text
from frontdesk.inbox.models import Review
from frontdesk.inbox.review_queue import SAMPLE_SIZE, Estimate
from frontdesk.staff.dates import day_words

DUE_DAYS = 60
Verdict = Review.Verdict
DRAWN = (
    f"Up to {SAMPLE_SIZE} conversations of each day are drawn by lot, the same for "
    "everybody, whatever happened in them (page Review, “Drawn at random”). Only their "
    "verdicts tell how often the assistant is right. A conversation of a quiet day is "
    "drawn more easily than one of a busy day, and those drawn but not reviewed are "
    "missing: review all of them."
)
BY_HARM = (
    "The other reviews are of conversations that were picked because something may "
    "have gone wrong. They find mistakes; their share of mistakes says nothing about "
    "all conversations."
)


def verdicts_of(period: Period) -> dict[bool, dict[str, int]]:
    """Reviews of conversations that began in the period: drawn or not, verdict."""
    found: dict[bool, dict[str, int]] = {
        drawn: dict.fromkeys(Verdict.values, 0) for drawn in (True, False)
    }
    reviews = Review.objects.filter(period.begins("conversation__digest__started_at"))
    rows = reviews.values_list("from_sample", "verdict").annotate(Count("pk"))
    for drawn, verdict, number in rows:
        found[drawn][verdict] += number
    return found


def estimate_of(verdicts: dict[bool, dict[str, int]]) -> Estimate:
    """The rate, from what was drawn at random alone."""
    return Estimate(verdicts[True][str(Verdict.RIGHT)], sum(verdicts[True].values()))


def reviews(period: Period) -> Table:
    """Verdicts, and the rate with its bounds."""
    now, before = verdicts_of(period), verdicts_of(period.before)
    rows = [
        Row(
            Verdict(name).label,
            [
                count(now[True][name], listed(period, verdict=name, sampled="on")),
                count(now[False][name], listed(period, verdict=name)),
                count(before[True][name]),
            ],
        )
        for name in Verdict.values
    ]
    is_any = any(sum(kind.values()) for kind in (*now.values(), before[True]))
    return Table(
        "reviews",
        "Right answer or right hand-off",
        f"What staff judged when they reviewed conversations that began in the period. "
        f"{DRAWN} {BY_HARM}",
        [
            Column("verdict", "Verdict", "What the reviewer chose.", is_number=False),
            Column("drawn", "Drawn at random", "Of conversations drawn by lot."),
            Column(
                "picked",
                "Picked otherwise",
                "Of all other reviewed conversations. The link shows those drawn by "
                "lot as well.",
            ),
            Column("before", "Drawn before", "Drawn by lot in the period before."),
        ],
        rows if is_any else [],
        "No conversation of the period has been reviewed.",
        notes=[_rate("In the period", now), _rate("In the period before", before)]
        if is_any
        else [],
    )


def _rate(when: str, verdicts: dict[bool, dict[str, int]]) -> str:
    found = estimate_of(verdicts)
    if not found.reviewed:
        return f"{when}: no conversation drawn at random has been reviewed."
    low, high = found.percent
    return (
        f"{when}: right in {found.right} of {found.reviewed} drawn at random "
        f"({found.right / found.reviewed:.0%}). With 95 % certainty it is between "
        f"{low} % and {high} % of all (Wilson's interval)."
    )


def answers_due(period: Period, today: date) -> Table:
    """Approved answers whose review date has passed, or comes soon."""
    due: dict[str, list[Answer]] = defaultdict(list)
    for answer in texts().library.all():
        by = _review_by(answer)
        if by and by <= today + timedelta(days=DUE_DAYS):
            due[answer.name].append(answer)
    ordered = sorted(due.items(), key=lambda item: (_first(item[1]), item[0]))
    rows = [_answer(period, name, variations, today) for name, variations in ordered]
    return Table(
        "answers",
        "Answers to review",
        f"Approved answers whose review date has passed or comes within {DUE_DAYS} "
        "days of today, whatever the period. An overdue general answer is not given "
        "any more: the question is handed to staff instead. Crisis, emergency, "
        "hand-off and fallback texts stay in use however old they are.",
        [
            Column("answer", "Answer", "What it is about.", is_number=False),
            Column(
                "name",
                "Name",
                "As its file calls it.",
                is_number=False,
                is_technical=True,
            ),
            Column("review_by", "Review by", "The earliest date of its variations."),
            Column("left", "Left", "Days until then; overdue: days since."),
            Column("texts", "Texts", "How many of its variations are due."),
            Column(
                "conversations",
                "Shown in",
                "Conversations of the period with a reply about its topic.",
            ),
        ],
        rows,
        f"No answer is overdue, and none is due within {DUE_DAYS} days.",
    )


def _review_by(answer: Answer) -> date | None:
    try:
        return date.fromisoformat(str(answer.metadata.get("review_by")))
    except ValueError:
        return None


def _first(answers: list[Answer]) -> date:
    return min(by for answer in answers if (by := _review_by(answer)))


def _answer(period: Period, name: str, due: list[Answer], today: date) -> Row:
    by, metadata = _first(due), due[0].metadata
    left = (by - today).days
    topic, route = metadata.get("topic"), metadata.get("route")
    asked: dict[str, Any] = {"route": route} if route else {}
    asked |= {"topic": topic} if topic else {}
    page = reverse("answers:answer", args=[name])
    return Row(
        title_of(due[0]),
        [
            text(name, page),
            Cell(by.isoformat(), day_words(by), page),
            _left(left, stays=due[0].kind in NEVER_REFUSED_KINDS),
            count(len(due)),
            text("show", listed(period, **asked)) if asked else text("-"),
        ],
    )


def _left(days: int, *, stays: bool) -> Cell:
    if days >= 0:
        return Cell(days, f"{days} day{'' if days == 1 else 's'}")
    what = "still in use" if stays else "not given"
    late = f"{-days} day{'' if days == -1 else 's'} overdue, {what}"
    return Cell(days, late, "", "danger")
