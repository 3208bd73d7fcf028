"""What a proposal takes away or hides: examples, terms, stories, test stories.

Used by ``retraining.static_gate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from retraining.check_tree import LOOKUPS, Tree
from retraining.compare_sets import REVIEWED
from retraining.gate import Reason, counted

# More examples than this, and this share of what an intent had, may not go at once.
MANY_GONE, LARGE_SHARE = 10, 0.1
# Tables by whose terms a question is taken for one about a person's own body
# (components/routing.py).
GUARDED = ("medicine", "pregnancy", "age")
Terms = dict[str, set[str]]  # of each look-up table


def losses(
    root: Path, overlay: Mapping[str, str], before: Tree, after: Tree
) -> Iterator[Reason]:
    """Everything that would be lost or hidden.

    Args:
        root: the project.
        overlay: relative paths and new texts.
        before: the project.
        after: the project with the overlay.
    """
    yield from _examples_gone(before, after)
    yield from _terms(before, after)
    yield from _stories_gone(before, after)
    yield from _test_stories_gone(root, overlay)


def _examples_gone(before: Tree, after: Tree) -> Iterator[Reason]:
    had, has = (Counter(each.intent for each in tree.training)
                for tree in (before, after))  # fmt: skip
    for intent, count in sorted(had.items()):
        gone = count - has[intent]
        if gone > MANY_GONE and gone > LARGE_SHARE * count:
            yield Reason(
                "examples-gone",
                f"{gone} of the {count} examples of {intent} would be taken out: the "
                f"assistant would understand such messages no more.",
                f"Take out at most {MANY_GONE} at a time, those that are wrong.",
            )


def _terms(before: Tree, after: Tree) -> Iterator[Reason]:
    had, has = _terms_of(before), _terms_of(after)
    gone = sorted(
        term
        for table in GUARDED
        for term in had.get(table, set()) - has.get(table, set())
    )
    if gone:
        yield Reason(
            "vocabulary-gone",
            f"{counted(len(gone), 'word')} by which a question about a person's own "
            f"body is recognised would be taken out: {', '.join(gone[:5])}.",
            "Put them back. A developer takes a wrong one out, by review.",
            can_be_overridden=False,
        )
    guarded = {term for table in GUARDED for term in had.get(table, set())}
    hiding = sorted(
        f"{term} as {table}"
        for table, terms in has.items()
        if table not in GUARDED
        for term in terms - had.get(table, set())
        if _holds(term, guarded)
    )
    if hiding:
        yield Reason(
            "vocabulary-hidden",
            f"{counted(len(hiding), 'new word')} would hide a medicine, a pregnancy or "
            f"an age behind another meaning: {', '.join(hiding[:5])}.",
            "Take them out; the longest word that fits is the one that counts.",
            can_be_overridden=False,
        )


def _terms_of(tree: Tree) -> Terms:
    found: Terms = {}
    for file in tree.files(f"{LOOKUPS}*.yml"):
        for block in tree.section(file, "nlu") or []:
            if isinstance(block, dict) and "lookup" in block:
                lines = str(block.get("examples") or "").splitlines()
                terms = {line.strip().removeprefix("- ").lower() for line in lines}
                found.setdefault(str(block["lookup"]), set()).update(terms - {""})
    return found


def _holds(term: str, guarded: set[str]) -> bool:
    """Whether one of the guarded terms is a part of a term, word by word."""
    words = term.split()
    parts = (
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )
    return any(part in guarded for part in parts)


def _stories_gone(before: Tree, after: Tree) -> Iterator[Reason]:
    kept = [steps for _, steps in after.stories]
    gone = [where for where, steps in before.stories if steps not in kept]
    if gone:
        yield Reason(
            "stories-gone",
            f"{counted(len(gone), 'story')} would be taken out or changed, the first "
            f"in {gone[0]}.",
            "Add stories beside them; a developer changes those there are, by review.",
        )


def _test_stories_gone(root: Path, overlay: Mapping[str, str]) -> Iterator[Reason]:
    for name, text in sorted(overlay.items()):
        file = root / name
        if not name.startswith(f"{REVIEWED}/") or not file.is_file():
            continue
        kept = _talks(text)
        gone = [talk for talk in _talks(file.read_text("utf-8")) if talk not in kept]
        if gone:
            yield Reason(
                "test-story-gone",
                f"{name}: {counted(len(gone), 'test story')} would be taken out or "
                f"changed, the first “{gone[0].get('name')}”. A model may not choose "
                f"what it is tried with.",
                "Put them back; add test stories beside them.",
                can_be_overridden=False,
            )


def _talks(text: str) -> list[dict[str, Any]]:
    try:
        return list((yaml.safe_load(text) or {}).get("conversations") or [])
    except (yaml.YAMLError, AttributeError, TypeError):
        return []  # the house checks name it
