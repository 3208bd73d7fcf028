"""Judges changed content without training: ``python -m retraining check --content``.

The changed files against a git revision, or a proposal; for continuous integration.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from retraining.gate import Reason
from retraining.git import GitError, git
from retraining.places import Places
from retraining.proposal_folder import copy_project, folder_of
from retraining.proposals import Proposal
from retraining.static_gate import findings
from safety.danger_detector import (
    PHRASES_FOLDER,
    DangerDetector,
    Thresholds,
    Verdict,
    judge,
)
from safety.encoder import EncoderError
from safety.live_model import detector_file
from safety.phrase_matcher import PhraseMatcher
from safety.text_classifier import ClassifierFileError

CONTENT = (
    "data",
    "tests/nlu",
    "tests/stories",
    "safety/phrases",
    "safety/locked_cases",
)


class ContentCheckError(ValueError):
    """There is nothing to compare with."""


def check_content(
    places: Places,
    *,
    since: str = "HEAD",
    proposal: str | None = None,
    with_rasa: bool = True,
) -> list[Reason]:
    """What speaks against the changed content.

    Args:
        places: of the installation.
        since: a git revision; what has changed since is judged.
        proposal: judge this proposal over the working files instead.
        with_rasa: also let Rasa look for contradicting stories.

    Raises:
        ProposalError: if there is no such proposal.
        ContentCheckError: if git can't say what has changed.
    """
    detect = _detector(places)
    if proposal:
        folder = folder_of(places.home, proposal)
        files = Proposal.load(folder, root=places.root).files
        return findings(places.root, files, detect=detect, with_rasa=with_rasa)
    changed = _changed(places.root, since)
    if not changed:
        return []
    with tempfile.TemporaryDirectory() as name:
        before = Path(name) / "project"
        copy_project(places.root, before)
        for path in changed:
            _write_old(places.root, since, path, before / path)
        overlay = {
            path: (places.root / path).read_text(encoding="utf-8")
            for path in changed
            if (places.root / path).is_file()
        }
        gone = [path for path in changed if path not in overlay]
        overlay |= dict.fromkeys(gone, 'version: "3.1"\n')
        return findings(
            before, overlay, detect=detect, with_rasa=with_rasa, by_review=True
        )


def _detector(places: Places) -> Callable[[str], Verdict]:
    """The live detector; the phrases alone where nothing was trained yet."""
    try:
        return DangerDetector.load(detector_file(places.models)).detect
    except (ClassifierFileError, EncoderError, OSError):
        phrases = PhraseMatcher.load(PHRASES_FOLDER)
        return lambda text: judge(phrases.match(text), {}, [], Thresholds())


def _changed(root: Path, since: str) -> list[str]:
    names = _git(root, "diff", "--name-only", "-z", since, "--", *CONTENT)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", *CONTENT)
    return sorted({name for name in (names + new).split("\0") if name})


def _write_old(root: Path, since: str, path: str, file: Path) -> None:
    """The file as it was; away if it was not there."""
    try:
        text = _git(root, "show", f"{since}:{path}")
    except ContentCheckError:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _git(root: Path, *arguments: str) -> str:
    try:
        return git(root, *arguments)
    except GitError as error:
        raise ContentCheckError(f"{error} Name a revision with --since.") from error
