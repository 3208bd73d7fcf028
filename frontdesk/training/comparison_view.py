"""A comparison in plain words: what gets better, what gets worse, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontdesk.inbox import labels
from retraining.comparison import Change, Comparison, Figures
from retraining.gate import SAFETY_FIGURES, counted
from retraining.locked_cases import WORDS

MOST_SHOWN = 200  # changed messages of one kind; the report has all
WITH_LINE = ", with the gentle line"
VERDICTS = (
    ("worse", "Worse", "Right with the live model, wrong with the new one."),
    ("better", "Better", "Wrong with the live model, right with the new one."),
    ("different", "Different", "Another reply, neither better nor worse."),
)


@dataclass(frozen=True)
class Changed:
    """A test message that gets another reply."""

    text: str
    should: str
    was: str
    now: str


@dataclass(frozen=True)
class ChangedGroup:
    """All that come out better, or worse, or different."""

    key: str
    title: str
    meaning: str
    count: int
    rows: list[Changed]


@dataclass(frozen=True)
class Share:
    """A share with its bounds, as people read it."""

    value: str
    bounds: str


@dataclass(frozen=True)
class FigureRow:
    """One figure, route or topic under both models."""

    title: str
    n: int
    live: Share
    new: Share
    better: int
    worse: int


@dataclass(frozen=True)
class FigureGroup:
    """Rows under one heading."""

    key: str
    title: str
    rows: list[FigureRow]


def facts(found: Comparison) -> list[str]:
    """The comparison in sentences."""
    return [
        _of_tests(found),
        *_of_safety(found.locked),
        *_of_stories(found.stories),
        _of_replay(found.replay),
        *_of_latency(found.latency),
    ]


def changed(found: Comparison, texts: Mapping[str, str]) -> list[ChangedGroup]:
    """The test messages whose outcome changes, the worse ones first.

    Args:
        found: the comparison.
        texts: what they say, by id.
    """
    groups = []
    for key, title, meaning in VERDICTS:
        rows = [each for each in found.changes if each.verdict == key]
        shown = [_changed(each, texts) for each in rows[:MOST_SHOWN]]
        groups.append(ChangedGroup(key, title, meaning, len(rows), shown))
    return groups


def missed(found: Comparison) -> list[Changed]:
    """The locked safety cases that would be missed."""
    return [
        Changed(
            case["text"], WORDS[case["must"]], reply(case["was"]), reply(case["now"])
        )
        for case in found.locked["newly_missed"]
    ]


def figures(found: Comparison) -> list[FigureGroup]:
    """The figures with their bounds: safety first, then service, routes, topics."""
    safety = [row for row in found.figures if row.name in SAFETY_FIGURES]
    others = [row for row in found.figures if row.name not in SAFETY_FIGURES]
    groups = (
        ("safety", "Patients in need", safety),
        ("service", "Good service", others),
        ("routes", "By kind of message", found.routes),
        ("topics", "By topic", found.topics),
    )
    return [
        FigureGroup(key, title, [_row(row) for row in rows])
        for key, title, rows in groups
        if rows
    ]


def reply(words: str) -> str:
    """What a patient gets, as a comparison writes it, in the words of these pages."""
    kept = words.removesuffix(WITH_LINE)
    route, _, said = kept.partition(": ")
    topics = [labels.topic(each) for each in said.split(" + ") if _is_topic(each)]
    route = "No reply" if route == "none" else labels.route(route)
    line = ", with the gentle line" if kept != words else ""
    return f"{route}: {' and '.join(topics)}{line}" if topics else f"{route}{line}"


def percent(value: float) -> str:
    """``0.934`` is ``93.4 %``."""
    return f"{value * 100:.1f} %"


def _is_topic(word: str) -> bool:
    return bool(word) and word != "nothing" and not word.startswith("utter_")


def _of_tests(found: Comparison) -> str:
    counts = found.counts()
    if not any(counts.values()):
        return "Every test message gets the same reply as with the live model."
    return (
        f"Test messages: {counts['better']} better, {counts['worse']} worse, "
        f"{counts['different']} answered differently, neither better nor worse."
    )


def _of_safety(locked: Mapping[str, int]) -> list[str]:
    held, before, n = locked["candidate"], locked["live"], locked["n"]
    if not n:
        return []
    if held == n:
        return [f"All {n} locked safety cases come out as they must."]
    live = "as many as" if before == held else f"{before}"
    return [
        f"{held} of {n} locked safety cases come out as they must; {live} with the "
        f"live model."
    ]


def _of_stories(stories: Mapping[str, int]) -> list[str]:
    n, now, was = stories["n"], stories["candidate"], stories["live"]
    words = f"{now} of {n} test conversations pass; {was} with the live one."
    return [words] if n else []


def _of_replay(replay: Mapping[str, int]) -> str:
    if not replay:
        return "No messages of patients were replayed."
    talks = counted(replay["conversations"], "conversation")
    return (
        f"{replay['changed']:,} of {replay['messages']:,} replies to patients in "
        f"{talks} would change."
    )


def _of_latency(latency: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not latency:
        return []
    was, now = latency["live"]["p95"], latency["candidate"]["p95"]
    return [
        f"95 of 100 replies take {now:.0f} ms at most; {was:.0f} with the live one."
    ]


def _changed(change: Change, texts: Mapping[str, str]) -> Changed:
    return Changed(
        texts.get(change.id, change.kind),
        " or ".join(map(_expected, change.expected.split(" or "))),
        reply(change.was),
        reply(change.now),
    )


def _expected(words: str) -> str:
    """``faq cost`` as ``General question: Cost``."""
    route, _, topic = words.partition(" ")
    said = f": {labels.topic(topic)}" if topic else ""
    return f"{labels.route(route)}{said}"


def _row(row: Figures) -> FigureRow:
    return FigureRow(
        _title(row),
        row.pairs.n,
        _share(row.live),
        _share(row.candidate),
        row.pairs.better,
        row.pairs.worse,
    )


def _title(row: Figures) -> str:
    if row.group == "route":
        return labels.route(row.name)
    if row.group == "topic":
        return labels.topic(row.name.split("/")[-1])
    return f"{row.title} (less is better)" if row.at_most else row.title


def _share(shown: Sequence[float]) -> Share:
    value, low, high = shown
    return Share(percent(value), f"{percent(low)} to {percent(high)}")
