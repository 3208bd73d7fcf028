"""The figures of the widgets, from what was measured; no browser is needed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Found = dict[str, Any]
ONCE, TWICE, LOST, NOT_WRITTEN = "once", "twice", "lost", "not written"


def outcome(written: bool, reached: int, shown: int) -> str:
    """What became of a message that was written while the server was gone.

    Args:
        written: whether the widget took it.
        reached: how often the assistant got it.
        shown: how often the patient saw its reply.
    """
    if not written:
        return NOT_WRITTEN
    if reached > 1 or shown > 1:
        return TWICE
    return ONCE if reached == shown == 1 else LOST


@dataclass(frozen=True)
class Figure:
    """One row of the comparison; ``value`` gives None where there is none."""

    title: str
    value: Callable[[Found], float | bool | None]
    unit: str = ""
    more_is_better: bool = False

    def best(self, values: dict[str, float | bool | None]) -> list[str]:
        """Whose value is best; nobody where all are the same."""
        known = {key: value for key, value in values.items() if value is not None}
        if len(set(known.values())) < 2:
            return []
        wanted = (max if self.more_is_better else min)(known.values())
        return [key for key, value in known.items() if value == wanted]


def _rules(state: str, *, wcag: bool = False) -> Callable[[Found], int | None]:
    def count(found: Found) -> int | None:
        rules = found["axe"][state]
        if rules is None:
            return None
        return sum(rule["wcag"] or not wcag for rule in rules)

    return count


def axe_rules(found: Found, *, wcag: bool = False) -> dict[str, str]:
    """Impact by name of each rule that is broken in any state."""
    return {
        rule["rule"]: rule["impact"]
        for rules in found["axe"].values()
        for rule in rules or []
        if rule["wcag"] or not wcag
    }


def _of_outage(*outcomes: str) -> Callable[[Found], int]:
    return lambda found: _count(found["outage"], *outcomes)


def _twice(found: Found) -> int:
    return _count([*found["outage"], *found["under_way"]], TWICE)


def _count(sent: list[dict[str, Any]], *outcomes: str) -> int:
    return sum(one["outcome"] in outcomes for one in sent)


STATES = ("closed", "open", "after a conversation", "during an outage")
FIGURES = (
    Figure("files to load, gzipped", lambda f: sum(f["files"].values()), "bytes"),
    Figure("requests until usable", lambda f: f["requests"]),
    Figure("axe: rules broken in any state", lambda f: len(axe_rules(f))),
    Figure("· of WCAG alone", lambda f: len(axe_rules(f, wcag=True))),
    *(Figure(f"· {state}", _rules(state)) for state in STATES),
    Figure(
        "replies announced to screen readers",
        lambda f: sum(count > 0 for count in f["announced"]),
        more_is_better=True,
    ),
    Figure("strict policy: violations", lambda f: len(f["policy"]["violations"])),
    Figure(
        "· a conversation works", lambda f: f["policy"]["works"], more_is_better=True
    ),
    Figure(
        "· looks as without it",
        lambda f: f["policy"]["looks_the_same"],
        more_is_better=True,
    ),
    Figure("third-party hosts", lambda f: len(f["hosts"])),
    Figure(
        "entries left in the browser",
        lambda f: sum(map(len, f["storage"].values())),
    ),
    Figure("· messages of the patient in them", lambda f: f["words_kept"]),
    Figure("outage: messages lost", _of_outage(LOST)),
    Figure("· sent or answered twice", _twice),
    Figure("· could not be written", _of_outage(NOT_WRITTEN)),
    Figure("· through, once", _of_outage(ONCE), more_is_better=True),
    Figure("· replies under way lost", lambda f: _count(f["under_way"], LOST)),
)


def compare(found: dict[str, Found]) -> list[dict[str, Any]]:
    """One row for each figure: its value by widget, and whose is best."""
    rows = []
    for figure in FIGURES:
        values = {key: figure.value(one) for key, one in found.items()}
        rows.append(
            {
                "figure": figure.title,
                "unit": figure.unit,
                "values": values,
                "best": figure.best(values),
            }
        )
    return rows


def text_of(value: float | bool | None) -> str:
    """A value for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}"


def remarks(found: Found) -> list[str]:
    """What the numbers alone don't say, in words."""
    said = []
    rules = axe_rules(found)
    if rules:
        named = ", ".join(f"{rule} ({impact})" for rule, impact in rules.items())
        said.append(f"axe: {named}")
    if found["hosts"]:
        said.append(f"asks {', '.join(found['hosts'])} (refused here)")
    for where, names in found["storage"].items():
        said.append(f"{where}: {', '.join(names)}")
    kinds = sorted({one.split()[0] for one in found["policy"]["violations"]})
    if kinds:
        said.append(f"strict policy refuses: {', '.join(kinds)}")
    troubles = [one["trouble"] for one in found["outage"]]
    for trouble, words in TROUBLES.items():
        if trouble in troubles:
            said.append(f"outage: {troubles.count(trouble)} of {len(troubles)} {words}")
    said.append(f"replies under way at the cut: {len(found['under_way'])}")
    if "other" in found:
        said.append(_other(found["other"]))
    again = sum(max(0, count - 1) for count in found["announced"])
    if again:
        said.append(f"{again} announcements more than one a reply")
    return said


def _other(other: Found) -> str:
    """The outage with an option that is not the widget's default."""
    options = ", ".join(f"{name}: {value}" for name, value in other["option"].items())
    sent, late = other["outage"], other["under_way"]
    counted = [
        f"{_count(sent, kind)} {kind}" for kind in (ONCE, LOST, TWICE, NOT_WRITTEN)
    ]
    return (
        f"outage with {options}: of {len(sent)} messages {', '.join(counted)}; of "
        f"{len(late)} replies under way {_count(late, LOST)} lost"
    )


TROUBLES = {
    "told": "patients were told that something is wrong",
    "gone": "found the widget gone",
    "": "were told nothing",
}
