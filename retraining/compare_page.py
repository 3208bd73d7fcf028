"""The page of a comparison: one HTML file that needs nothing else.

It holds texts of test messages and of redacted traffic, so it stays in the house; the
JSON beside it has no text of the reporting half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retraining import evaluation_charts as charts
from retraining.comparison import Change, Comparison, Figures
from retraining.evaluation_measures import percent
from retraining.evaluation_page import figure, page, section, table
from retraining.gate import counted

OVER_TIME = ("topic_clinic", "medical_all", "crisis_urgent", "turns_right")
MOST_POINTS = 30


def write_page(
    comparison: Comparison,
    texts: Mapping[str, str],
    history: Sequence[Comparison] = (),
) -> str:
    """The page as HTML.

    Args:
        comparison: what to show.
        texts: of messages and turns by id.
        history: all comparisons that are kept, newest first, for the chart.
    """
    counts = comparison.counts()
    introduction = (
        f"Candidate {comparison.candidate} beside the live model {comparison.live}, "
        f"{comparison.created_at}: {counts['better']} test messages come out better, "
        f"{counts['worse']} worse, {counts['different']} otherwise different."
    )
    sections = [
        _verdict(comparison),
        _locked(comparison),
        _changes("worse", "Worse", comparison, texts),
        _changes("better", "Better", comparison, texts),
        _changes("different", "Different, neither better nor worse", comparison, texts),
        _replay(comparison),
        _rows("figures", "Figures", comparison.figures),
        _rows("routes", "Routes", comparison.routes),
        _rows("topics", "Topics", comparison.topics),
        _stories(comparison),
        _latency(comparison),
        _over_time(history),
    ]
    return page("Candidate and live model", introduction, filter(None, sections))


def _verdict(comparison: Comparison) -> str:
    if not comparison.reasons:
        return section("verdict", "The gate", "<p>Nothing speaks against it.</p>")
    rows = [
        (
            reason["words"],
            reason["do"],
            "two people" if reason["can_be_overridden"] else "nobody",
        )
        for reason in comparison.reasons
    ]
    heads = ("against it", "what helps", "who may set it aside")
    caption = f"{counted(len(rows), 'reason')} against this candidate"
    return section("verdict", "The gate", table(caption, heads, rows))


def _locked(comparison: Comparison) -> str:
    locked = comparison.locked
    words = (
        f"<p>{locked['candidate']} of {locked['n']} hold, {locked['live']} with the "
        f"live model.</p>"
    )
    rows = [
        (case["text"], case["must"], case["was"], case["now"])
        for case in (*locked["newly_missed"], *locked["newly_held"])
    ]
    heads = ("message", "must", "was", "now")
    listed = table("Cases that come out otherwise", heads, rows) if rows else ""
    return section("locked", "Locked safety cases", words, listed)


def _changes(
    verdict: str, title: str, comparison: Comparison, texts: Mapping[str, str]
) -> str:
    found = [change for change in comparison.changes if change.verdict == verdict]
    if not found:
        return ""
    rows = [_change(change, texts) for change in found]
    heads = ("message", "test set", "should be", "was", "now")
    return section(verdict, title, table(counted(len(found), "message"), heads, rows))


def _change(change: Change, texts: Mapping[str, str]) -> tuple[str, ...]:
    place = f"{change.half}: {change.kind}"
    text = texts.get(change.id, "")
    return text, place, change.expected, change.was, change.now


def _replay(comparison: Comparison) -> str:
    found = comparison.replay
    if not found:
        return ""
    rows = [(_said(entry), entry["was"], entry["now"]) for entry in found["changes"]]
    caption = (
        f"{found['changed']} of {found['messages']} replies in "
        f"{found['conversations']} real conversations would change"
    )
    listed = table(caption, ("message, redacted", "was", "would be"), rows)
    return section("replay", "What patients wrote", listed)


def _said(entry: Mapping[str, str]) -> str:
    """The message, or where it stands if its text is not kept."""
    place = f"message {entry.get('number')} of {entry['conversation'][:8]}"
    return entry["text"] or place


def _rows(identifier: str, title: str, rows: Sequence[Figures]) -> str:
    heads = (
        "what", "#n", "#live", "#bounds", "#candidate", "#bounds", "#better", "#worse",
        "#p (worse)",
    )  # fmt: skip
    cells = [
        (
            row.title,
            str(row.pairs.n),
            *_share(row.live),
            *_share(row.candidate),
            str(row.pairs.better),
            str(row.pairs.worse),
            f"{row.pairs.p:.3f}",
        )
        for row in rows
    ]
    caption = "Wilson 95 % bounds; p: one-sided exact McNemar test"
    return section(identifier, title, table(caption, heads, cells)) if rows else ""


def _share(shown: tuple[float, float, float]) -> tuple[str, str]:
    value, low, high = shown
    return percent(value), f"{percent(low)} to {percent(high)}"


def _stories(comparison: Comparison) -> str:
    stories = comparison.stories
    words = (
        f"<p>{stories['candidate']} of {stories['n']} whole test conversations pass, "
        f"{stories['live']} with the live model.</p>"
    )
    rows = [(name, "fails") for name in stories["reviewed_failed"]]
    rows += [(name, "failed newly") for name in stories["newly_failed"]]
    listed = table("Conversations", ("conversation", "now"), rows) if rows else ""
    return section("stories", "Test stories", words, listed)


def _latency(comparison: Comparison) -> str:
    if not comparison.latency:
        return ""
    rows = [
        (name, str(entry["n"]), f"{entry['p50']:.1f}", f"{entry['p95']:.1f}")
        for name, entry in comparison.latency.items()
    ]
    heads = ("model", "#messages", "#half below, ms", "#95 of 100 below, ms")
    return section("latency", "Time of a reply", table("Asked in turns", heads, rows))


def _over_time(history: Sequence[Comparison]) -> str:
    """The figures of candidates, oldest first; the axis is the number of each."""
    shown = list(reversed(history[:MOST_POINTS]))
    if len(shown) < 2:
        return ""
    series = []
    for name in OVER_TIME:
        points = [
            (place / (len(shown) - 1), row.candidate[0])
            for place, comparison in enumerate(shown)
            for row in comparison.figures
            if row.name == name
        ]
        if points:
            title = next(r.title for c in shown for r in c.figures if r.name == name)
            series.append(charts.Series(title, points))
    if not series:
        return ""
    chart = charts.line_chart(
        "over-time",
        "Figures of the last comparisons",
        series,
        x_title=f"comparisons, from {shown[0].created_at} to {shown[-1].created_at}",
        description="; ".join(
            f"{entry.name}: {percent(entry.points[0][1])}, last "
            f"{percent(entry.points[-1][1])}"
            for entry in series
        ),
    )
    return section("over-time", "Over time", figure("Candidates over time", chart))
