"""Writes a text into its file in ``data/responses``: whole or not at all.

Comments, order and every other text stay as they are. Rasa's process and every front
desk look at the files themselves: a new text is served within seconds.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from clinic.answers import Answer, AnswerFileError, read_responses
from frontdesk.answers import git
from frontdesk.answers.folder import FolderError, Variation
from retraining.places import held
from retraining.whole_file import write_whole

WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Written:
    """What was written, and how to take it back."""

    file: Path
    before: bytes
    after: bytes
    commit: str
    author: str

    def undo(self) -> None:
        """Puts the file back as it was.

        Raises:
            FolderError: if somebody has changed it since.
        """
        if self.file.read_bytes() != self.after:
            raise FolderError(f"data/responses/{self.file.name} was changed meanwhile.")
        write_whole(self.file, self.before)
        if self.commit:
            message = f"responses: Take back {self.commit[:12]}, it was not recorded."
            git.commit(self.file, message, self.author)


@contextmanager
def only_writer(wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Nobody else of this machine writes an answer while the block runs.

    Raises:
        BusyError: if somebody does, for longer than ``wait`` seconds.
    """
    lock = settings.CLINIC_HOME / "answers.lock"
    with held(lock, "Another answer is being written just now.", seconds=wait):
        yield


def write(
    spot: Variation,
    new: Answer,
    *,
    message: str,
    author: str,
) -> Written:
    """Puts a text with its metadata in the place of another; call as only writer.

    Args:
        spot: the text as it was read.
        new: the same with other words, sources or approval.
        message: for git, where the folder is in a repository.
        author: whose deed it is, for git.

    Raises:
        FolderError: if the file can't be read or written, or was changed since; it is
            as it was then.
    """
    try:
        before = spot.file.read_bytes()
        after = _rewritten(before.decode("utf-8"), spot, new).encode("utf-8")
        _check(spot, new, after)
        if spot.file.read_bytes() != before:
            raise FolderError(
                f"{spot.file.name} was changed at this moment. Try again."
            )
        write_whole(spot.file, after)
    except (OSError, ValueError, LookupError, TypeError, YAMLError) as error:
        raise FolderError(
            f"data/responses/{spot.file.name} can't be written: "
            f"{getattr(error, 'strerror', None) or error}. Nothing was changed."
        ) from error
    try:
        commit = git.commit(spot.file, message, author)
    except git.GitError as error:
        write_whole(spot.file, before)
        raise FolderError(f"{error} Nothing was changed.") from error
    return Written(spot.file, before, after, commit, author)


def _yaml() -> YAML:
    """Reads and writes the files so that what is not touched stays as it is."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    return yaml


def _rewritten(content: str, spot: Variation, new: Answer) -> str:
    yaml = _yaml()
    tree: Any = yaml.load(content)
    entry = tree["responses"][new.name][spot.place]
    if new.text != spot.answer.text:
        text = LiteralScalarString(new.text)
        # A comment below a block of text hangs on that text.
        text.comment = getattr(entry["text"], "comment", None)
        entry["text"] = text
    metadata = entry["metadata"]
    for key, value in new.metadata.items():
        if metadata.get(key) != value:
            metadata[key] = _scalar(metadata.get(key), key, value)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _scalar(old: Any, key: str, value: Any) -> Any:
    """Dates and names in quotes, a list on its line as before."""
    if isinstance(value, list) and old is not None:
        old[:] = value
        return old
    if isinstance(value, str) and key != "status":
        return DoubleQuotedScalarString(value)
    return value


def _check(spot: Variation, new: Answer, content: bytes) -> None:
    """Reads what would be written as Rasa and the front desk will.

    Raises:
        FolderError: if anything but this one text would change.
    """
    before = read_responses(spot.file)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / spot.file.name
        trial.write_bytes(content)
        try:
            after = read_responses(trial)
        except (AnswerFileError, ValueError) as error:
            raise FolderError(f"The file would not be readable: {error}") from error
    before[new.name][spot.place] = new
    if before != after or list(before) != list(after):
        raise FolderError(
            f"data/responses/{spot.file.name} can't be changed here without changing "
            f"more than this text. Have whoever keeps the files do it."
        )
