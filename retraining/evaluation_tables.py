"""What the report tells beside the figures: confusions, topics, misses, calibration.

Plain data from outcomes; ``evaluation_report`` writes it as a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clinic.topics import FAQ_TOPICS, ROUTES
from retraining.assistant import NO_ROUTE, Reply
from retraining.evaluation_measures import wilson
from retraining.evaluation_outcomes import Outcome, TurnOutcome

CONFIDENCE_BINS = 20
CALIBRATION_BINS = 10
MOST_CONFUSIONS = 30
NOTHING = "-"
_GROUPS = ("near miss", "foreign", "fragment")
_LABEL_ORDER = (*FAQ_TOPICS, *ROUTES, *_GROUPS, NO_ROUTE)


@dataclass(frozen=True)
class Confusion:
    """How often one thing was taken for another, with an example."""

    expected: str
    got: str
    count: int
    example: str


@dataclass(frozen=True)
class TopicRow:
    """What became of the messages of one topic."""

    route: str
    topic: str
    n: int
    right: int
    offered: int
    handed_off: int
    unsure: int
    wrong: int

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson 95 % bounds of the share that is right."""
        return wilson(self.right, self.n)


@dataclass(frozen=True)
class Miss:
    """A message that did not get what its label asks for."""

    kind: str
    text: str
    expected: str
    got: str
    confidence: float
    reason: str


def expected_label(outcome: Outcome) -> str:
    """The row of the confusion table that a message belongs to."""
    intent = outcome.expected_intent or ""
    if intent.startswith("near_miss_"):
        return "near miss"
    if intent.startswith("foreign_"):
        return "foreign"
    if outcome.kind == "context":
        return "fragment"
    return _label(outcome.expected_route, outcome.message.topic)


def got_label(outcome: Outcome) -> str:
    """Its column: the topic of a general answer, else the route."""
    replies = outcome.turn.replies
    return _label(outcome.route, replies[0].topic if replies else None)


def _label(route: str, topic: str | None) -> str:
    return str(topic) if route == "faq" and topic else route


def confusion_counts(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], int]:
    """Messages by expected and got."""
    return dict(Counter((expected_label(o), got_label(o)) for o in outcomes))


def labels_in_order(labels: set[str]) -> list[str]:
    """Topics first, then routes, then the rest."""
    known = [label for label in _LABEL_ORDER if label in labels]
    return known + sorted(labels - set(known))


def top_confusions(
    outcomes: Sequence[Outcome], most: int = MOST_CONFUSIONS
) -> list[Confusion]:
    """The most frequent pairs among messages that went wrong."""
    wrong = [item for item in outcomes if not item.is_right]
    counts = Counter((expected_label(o), got_label(o)) for o in wrong)
    example = {(expected_label(o), got_label(o)): o.message.text for o in wrong}
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(*pair, count, example[pair]) for pair, count in ranked[:most]]


def topic_rows(outcomes: Sequence[Outcome]) -> list[TopicRow]:
    """One row for each labelled topic, over all kinds of messages."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for item in outcomes:
        key = (item.expected_route, item.message.topic or NOTHING)
        groups.setdefault(key, []).append(item)
    order = {route: place for place, route in enumerate(("faq", *ROUTES))}
    return [
        TopicRow(
            route=route,
            topic=topic,
            n=len(items),
            right=sum(item.is_right for item in items),
            offered=sum(not item.is_right and item.has_topic_offered for item in items),
            handed_off=sum(item.is_handed_off for item in items),
            unsure=sum(item.route == "not_understood" for item in items),
            wrong=sum(item.has_wrong_topic for item in items),
        )
        for (route, topic), items in sorted(
            groups.items(), key=lambda entry: (order.get(entry[0][0], 99), entry[0][1])
        )
    ]


def misses(outcomes: Sequence[Outcome]) -> list[Miss]:
    """Every miss, by test file and label."""
    found = [
        Miss(
            kind=item.kind,
            text=item.message.text,
            expected=expected_text(item),
            got=replies_text(item.turn.replies),
            confidence=item.turn.confidence,
            reason=str(item.turn.safety.get("reason") or NOTHING),
        )
        for item in outcomes
        if not item.is_right
    ]
    return sorted(found, key=lambda miss: (miss.kind, miss.expected, miss.text))


def expected_text(outcome: Outcome) -> str:
    """The label in words: the intent, or route and topic."""
    topic = f" {outcome.message.topic}" if outcome.message.topic else ""
    return outcome.expected_intent or f"{outcome.expected_route}{topic}"


def replies_text(replies: tuple[Reply, ...]) -> str:
    """The replies in words: routes, topics, gentle line and suggestions."""
    parts = []
    for reply in replies:
        part = f"{reply.route} {reply.topic or ''}".strip()
        if reply.check_in:
            part += " + gentle line"
        if reply.suggestions:
            part += f" (offers {', '.join(reply.suggestions)})"
        parts.append(part)
    return "; then ".join(parts) or NO_ROUTE


def accepted_text(turn: TurnOutcome) -> str:
    """What a turn of a conversation should have been."""
    accepted = [f"{r} {t or ''}".strip() for r, t in turn.turn.accepted]
    wants = " or ".join(accepted)
    if turn.turn.check_in:
        wants += " + gentle line"
    return wants + (" + quiet line" if turn.turn.after_urgent else "")


def confidence_bins(outcomes: Sequence[Outcome]) -> list[tuple[int, int]]:
    """Right and wrong messages by the confidence of the decision."""
    bins = [[0, 0] for _ in range(CONFIDENCE_BINS)]
    for item in outcomes:
        place = min(int(item.turn.confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)
        bins[max(place, 0)][0 if item.is_right else 1] += 1
    return [(right, wrong) for right, wrong in bins]


@dataclass(frozen=True)
class CalibrationBin:
    """Messages for which the classifier was about equally sure."""

    n: int
    confidence: float
    accuracy: float


def calibration(outcomes: Sequence[Outcome]) -> list[CalibrationBin]:
    """How often the classifier's likeliest intent is right, by how sure it was."""
    groups: dict[int, list[tuple[float, bool]]] = {}
    for item in outcomes:
        row = item.evidence.whole
        if not row or item.expected_intent is None:
            continue
        intent = max(row, key=row.__getitem__)
        place = min(int(row[intent] * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        hit = (row[intent], intent == item.expected_intent)
        groups.setdefault(place, []).append(hit)
    return [
        CalibrationBin(
            n=len(hits),
            confidence=sum(sure for sure, _ in hits) / len(hits),
            accuracy=sum(right for _, right in hits) / len(hits),
        )
        for _, hits in sorted(groups.items())
    ]


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy."""
    total = sum(entry.n for entry in bins)
    gaps = (entry.n * abs(entry.confidence - entry.accuracy) for entry in bins)
    return sum(gaps) / total if total else 0.0


def turn_misses(turns: Sequence[TurnOutcome]) -> list[list[TurnOutcome]]:
    """The conversations with a wrong turn, each with all of its turns."""
    conversations: dict[str, list[TurnOutcome]] = {}
    for turn in turns:
        conversations.setdefault(turn.conversation.name, []).append(turn)
    return [
        entry
        for entry in conversations.values()
        if not all(turn.is_right for turn in entry)
    ]
