"""Sets the results of two models side by side: figures, routes, topics, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retraining.compare_outcomes import Result, Results, id_of_message, id_of_turn
from retraining.comparison import Change, Figures, no_stories
from retraining.evaluation_figures import ALL_FIGURES
from retraining.paired_test import pairs_of

if TYPE_CHECKING:
    from retraining.compare_sets import Sets
    from retraining.locked_cases import LockedCase

BETTER, WORSE, DIFFERENT = "better", "worse", "different"


@dataclass(frozen=True)
class Asked:
    """What was asked, and the results of one model."""

    sets: Sets
    results: dict[str, Results]

    def items(self) -> Iterator[tuple[str, Result]]:
        """Every message and every turn."""
        yield from self.results["messages"].items()
        yield from self.results["turns"].items()


def figures_of(before: Asked, after: Asked) -> list[Figures]:
    """The figures of the evaluation; right is what should be, also where it is few."""
    was, now = dict(before.items()), dict(after.items())
    rows = []
    for figure in ALL_FIGURES:
        chosen = [key for key, result in was.items() if figure.name in result.figures]
        if not chosen:
            continue
        pairs = pairs_of(
            (was[key].figures[figure.name] != figure.at_most for key in chosen),
            (now[key].figures[figure.name] != figure.at_most for key in chosen),
        )
        rows.append(Figures(figure.name, figure.title, "figure", pairs, figure.at_most))
    return rows


def routes_of(before: Asked, after: Asked) -> list[Figures]:
    """Messages by the route that they should take."""
    return _grouped(before, after, "route", lambda message: message.route)


def topics_of(before: Asked, after: Asked) -> list[Figures]:
    """Messages by the topic that they are about."""
    return _grouped(
        before,
        after,
        "topic",
        lambda message: f"{message.route}/{message.topic}" if message.topic else None,
    )


def _grouped(
    before: Asked, after: Asked, group: str, key_of: Callable[..., str | None]
) -> list[Figures]:
    groups: dict[str, list[str]] = {}
    for message in before.sets.messages:
        name = key_of(message)
        if name:
            groups.setdefault(name, []).append(id_of_message(message))
    was, now = before.results["messages"], after.results["messages"]
    return [
        Figures(
            name,
            name.split("/")[-1].replace("_", " "),
            group,
            pairs_of((was[k].right for k in keys), (now[k].right for k in keys)),
        )
        for name, keys in sorted(groups.items())
    ]


def changes_of(before: Asked, after: Asked) -> list[Change]:
    """Every message and turn that gets another reply; the worse ones first."""
    found = []
    for key, half, kind, expected, part in _labels(before.sets):
        was, now = before.results[part][key], after.results[part][key]
        verdict = verdict_of(was, now)
        if verdict:
            words = (was.seen.words, now.seen.words)
            found.append(Change(key, half, kind, expected, *words, verdict))
    order = (WORSE, BETTER, DIFFERENT)
    return sorted(found, key=lambda change: (order.index(change.verdict), change.kind))


def verdict_of(was: Result, now: Result) -> str | None:
    """Better, worse, different; None if the patient reads the same."""
    if was.right != now.right:
        return BETTER if now.right else WORSE
    return None if was.seen.is_same_reply(now.seen) else DIFFERENT


def _labels(sets: Sets) -> Iterator[tuple[str, str, str, str, str]]:
    for message in sets.messages:
        expected = f"{message.route} {message.topic or message.intent or ''}".strip()
        key = id_of_message(message)
        yield key, message.half, message.kind, expected, "messages"
    for talk in sets.conversations:
        for position, turn in enumerate(talk.turns):
            accepted = " or ".join(
                f"{route} {topic or ''}".strip() for route, topic in turn.accepted
            )
            kind = f"{talk.kind}: {talk.name}"
            yield id_of_turn(talk, position), talk.half, kind, accepted, "turns"


def locked_of(
    cases: Sequence[LockedCase], was: Results, now: Results
) -> dict[str, Any]:
    """Locked cases that come out otherwise, and how many hold."""
    changed = [case for case in cases if was[case.id].right != now[case.id].right]
    rows = [
        {
            "text": case.text,
            "kind": case.kind,
            "must": case.must,
            "was": was[case.id].seen.words,
            "now": now[case.id].seen.words,
        }
        for case in changed
    ]
    held = [now[case.id].right for case in changed]
    return {
        "n": len(cases),
        "live": sum(was[case.id].right for case in cases),
        "candidate": sum(now[case.id].right for case in cases),
        "newly_missed": [
            row for row, is_held in zip(rows, held, strict=True) if not is_held
        ],
        "newly_held": [row for row, is_held in zip(rows, held, strict=True) if is_held],
    }


def stories_of(
    asked: Sets, was: dict[str, Results], now: dict[str, Results]
) -> dict[str, Any]:
    """Whole conversations: what fails, and what fails newly."""
    found = no_stories()
    for talk in asked.conversations:
        ids = [id_of_turn(talk, place) for place in range(len(talk.turns))]
        before = all(was["turns"][each].right for each in ids)
        after = all(now["turns"][each].right for each in ids)
        found["n"] += 1
        found["live"] += before
        found["candidate"] += after
        if before and not after:
            found["newly_failed"].append(f"{talk.kind}: {talk.name}")
        urgent = [
            each for each, turn in zip(ids, talk.turns, strict=True) if turn.is_urgent
        ]
        if any(was["turns"][i].right and not now["turns"][i].right for i in urgent):
            found["urgent_failed"].append(f"{talk.kind}: {talk.name}")
    for talk in asked.reviewed:
        ids = [id_of_turn(talk, place) for place in range(len(talk.turns))]
        if not all(now["reviewed"][each].right for each in ids):
            found["reviewed_failed"].append(talk.name)
    return found
