"""Files that a proposal may not touch, and why. Used by ``retraining.static_gate``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from retraining.gate import Reason

ALLOWED = ("data/nlu/", "data/stories/", "tests/stories/reviewed/")
# The beginning of a path, what it is, and who changes it.
OTHERS = {
    "data/rules/": (
        "rules are reactions that must never differ",
        "A developer changes them, by review.",
    ),
    "safety/": (
        "phrases, locked safety cases and the code of the danger detector are "
        "clinicians' and developers' own",
        "They are changed by review, never by a proposal.",
    ),
    "tests/": (
        "it would change what the candidate is measured with",
        "Propose a test story of its own; sets are changed by review.",
    ),
}
CODE = ("it is no training data", "Developers change it, by review.")
RESPONSES = "data/responses/"


def foreign_files(root: Path, overlay: Mapping[str, str]) -> Iterator[Reason]:
    """A reason for each file that is not a proposal's to change.

    Args:
        root: the project.
        overlay: relative paths and new texts.
    """
    for name, text in sorted(overlay.items()):
        plain = Path(name).as_posix() == name and ".." not in Path(name).parts
        if not plain or name.startswith("/"):
            yield _reason(name, "it is outside of the project", "Take it out.")
        elif name.startswith(RESPONSES):
            yield from _answers(root / name, name, text)
        elif not name.startswith(ALLOWED) or not name.endswith(".yml"):
            known = (OTHERS[each] for each in OTHERS if name.startswith(each))
            yield _reason(name, *next(known, CODE))


def stale_approvals(root: Path, overlay: Mapping[str, str]) -> Iterator[Reason]:
    """Answers whose text changed under an approval that was given to another text.

    For changes that come by review, which may touch every file.

    Args:
        root: the project as it was.
        overlay: relative paths and new texts.
    """
    for name, text in sorted(overlay.items()):
        if not name.startswith(RESPONSES):
            continue
        file = root / name
        old = _approved(file.read_text(encoding="utf-8") if file.is_file() else "")
        new = _approved(text)
        stale = sorted(
            f"{response}, approved {when}"
            for (response, when), words in new.items()
            if (response, when) in old and old[response, when] != words
        )
        if stale:
            yield _reason(
                name,
                f"texts were changed under an old approval ({', '.join(stale[:3])})",
                "Set status: draft, or have a clinician approve the new text.",
                code="answer-changed",
            )


def _approved(text: str) -> dict[tuple[str, str], list[str]]:
    """Texts of the approved variations of a file, by response and day."""
    found: dict[tuple[str, str], list[str]] = {}
    try:
        responses = (yaml.safe_load(text) or {}).get("responses") or {}
        for name, variations in responses.items():
            for entry in variations:
                own = entry.get("metadata") or {}
                if own.get("status") == "approved":
                    key = (str(name), str(own.get("approved_on")))
                    found.setdefault(key, []).append(str(entry.get("text")))
    except (yaml.YAMLError, AttributeError, TypeError):
        return {}  # the house checks name it
    return found


def _answers(file: Path, name: str, text: str) -> Iterator[Reason]:
    old = _texts(file.read_text(encoding="utf-8") if file.is_file() else "")
    new = _texts(text)
    changed = sorted(
        key for key in old.keys() | new.keys() if old.get(key) != new.get(key)
    )
    what = f"it changes what patients read ({', '.join(changed[:3])})"
    if not changed:
        what = "answers, with who approved them, are clinicians' own"
    yield _reason(
        name,
        what,
        "An answer is edited on its own page, and goes live when a clinician approves.",
        code="answer-changed",
    )


def _texts(text: str) -> dict[str, list[str]]:
    try:
        responses = (yaml.safe_load(text) or {}).get("responses") or {}
        return {
            str(name): [str(entry.get("text")) for entry in variations]
            for name, variations in responses.items()
        }
    except (yaml.YAMLError, AttributeError, TypeError):
        return {"a file that can't be read": [text]}


def _reason(name: str, what: str, do: str, code: str = "foreign-file") -> Reason:
    words = f"The proposal touches {name}: {what}."
    return Reason(code, words, do, can_be_overridden=False)
