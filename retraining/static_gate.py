"""What can be said against a proposal without training it: its files alone, in seconds.

Part of every comparison (``gate.reasons``), and all of ``check --content``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from clinic.topics import route_of
from retraining.check_tree import Example, Tree
from retraining.gate import Reason, counted
from retraining.locked_cases import (
    NEVER_OVERRIDDEN,
    LockedCasesError,
    read_locked_cases,
)
from retraining.proposal_check import OverlayTree, check
from retraining.static_files import foreign_files, stale_approvals
from retraining.static_losses import losses
from retraining.static_meaning import (
    URGENT_PREFIXES,
    Routes,
    another_matter,
    intents_of,
    quoted,
    sounds_dangerous,
)
from retraining.static_stories import stories_against_hand_off
from safety.danger_detector import Verdict

SAFETY_PREFIXES = ("crisis_", "emergency_", "medical_", "near_miss_", "low_mood")
# More new examples than this, and this share of what an intent had, are a flood.
MANY_EXAMPLES, LARGE_SHARE = 30, 0.25


def findings(
    root: Path,
    overlay: Mapping[str, str],
    *,
    detect: Callable[[str], Verdict],
    routes: Routes | None = None,
    with_rasa: bool = False,
    by_review: bool = False,
) -> list[Reason]:
    """Everything that speaks against an overlay.

    Args:
        root: the project.
        overlay: relative paths and new texts.
        detect: the danger detector; the phrases alone will do.
        routes: what the live model takes a text for; left out if there is none.
        with_rasa: also let Rasa look for contradicting stories; takes seconds.
        by_review: it is a developer's, which others review: it may touch every file.
    """
    before, after = OverlayTree(root, {}), OverlayTree(root, overlay)
    added, gone = _examples(before, after)
    return [
        *(stale_approvals if by_review else foreign_files)(root, overlay),
        *_problems(root, overlay, with_rasa),
        *_safety_examples_gone(gone, added),
        *sounds_dangerous(added, detect),
        *_contradicts_locked(root, added),
        *(another_matter(added, routes) if routes else ()),
        *_flood(before, added),
        *stories_against_hand_off(before, after),
        *(() if by_review else losses(root, overlay, before, after)),
    ]


def _examples(before: Tree, after: Tree) -> tuple[list[Example], list[Example]]:
    """Examples that come, and those that go."""
    old = Counter((item.intent, item.text) for item in before.training)
    new = Counter((item.intent, item.text) for item in after.training)
    added = [item for item in after.training if not old[item.intent, item.text]]
    gone = [item for item in before.training if not new[item.intent, item.text]]
    return added, gone


def _problems(
    root: Path, overlay: Mapping[str, str], with_rasa: bool
) -> Iterator[Reason]:
    for problem in check(root, overlay, with_rasa=with_rasa):
        if problem.severity == "error":
            words = f"{problem.where}: {problem.what}."
            yield Reason("house-check", words, problem.do, can_be_overridden=False)


def _safety_examples_gone(
    gone: list[Example], added: list[Example]
) -> Iterator[Reason]:
    now = {item.text: item.intent for item in added}
    for prefixes, urgent in ((URGENT_PREFIXES, True), (SAFETY_PREFIXES, False)):
        lost = [
            item
            for item in gone
            if item.intent.startswith(prefixes)
            and (urgent or not item.intent.startswith(URGENT_PREFIXES))
            and route_of(now.get(item.text, "")) != route_of(item.intent)
        ]
        if lost:
            yield Reason(
                "safety-examples-gone",
                f"{counted(len(lost), 'example')} of {intents_of(lost)} would be taken "
                f"out or given another meaning, the first: “{lost[0].text}”.",
                "Put them back; if one is wrong, have a clinician change it by review.",
                can_be_overridden=not urgent,
            )


def _contradicts_locked(root: Path, added: list[Example]) -> Iterator[Reason]:
    try:
        cases = {_plain(case.text): case for case in read_locked_cases(root)}
    except LockedCasesError as error:
        yield Reason("locked-case", str(error), "See the message.", False)
        return
    clash = [item for item in added if _plain(item.text) in cases]
    if clash:
        never = any(cases[_plain(i.text)].must in NEVER_OVERRIDDEN for i in clash)
        yield Reason(
            "locked-case-taught",
            f"{counted(len(clash), 'new example')} among the locked safety cases: "
            f"{quoted(clash)}. What is learnt by heart proves nothing.",
            "Take them out; write other examples of the same kind.",
            can_be_overridden=not never,
        )


def _flood(before: Tree, added: list[Example]) -> Iterator[Reason]:
    had = Counter(item.intent for item in before.training)
    for intent, count in Counter(item.intent for item in added).items():
        if count > MANY_EXAMPLES and count > LARGE_SHARE * had[intent]:
            yield Reason(
                "flood",
                f"{count} new examples of {intent}, which has {had[intent]}: so many "
                f"at once drown what is there.",
                f"Propose at most {MANY_EXAMPLES} at a time, the most telling ones.",
            )


def _plain(text: str) -> str:
    kept = "".join(c if c.isalnum() else " " for c in text.casefold().replace("'", ""))
    return " ".join(kept.split())
