"""The project's files that a candidate brings along: ``models/<id>/files.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from retraining.candidates import CandidateError
from retraining.changes import Texts, text_of
from retraining.whole_file import write_whole

FILES_FILE = "files.json"


def write_files(folder: Path, root: Path, overlay: Mapping[str, str]) -> None:
    """Keeps what a proposal changes, as it was when the model was trained.

    Args:
        folder: of the candidate.
        root: the project.
        overlay: relative paths and new texts.
    """
    content = {
        name: {"before": text_of(root / name), "after": text}
        for name, text in overlay.items()
    }
    write_whole(folder / FILES_FILE, json.dumps(content, ensure_ascii=False))


def read_files(folder: Path) -> tuple[Texts, Texts]:
    """Texts before and after; empty for a model without a proposal.

    Raises:
        CandidateError: if the file can't be read.
    """
    file = folder / FILES_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        old = {name: texts["before"] for name, texts in content.items()}
        return old, {name: texts["after"] for name, texts in content.items()}
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CandidateError(f"{file}: can't be read ({error}).") from error
