"""Keeps what was written in git, where the folder is in a repository.

One file in one commit, in the name of the person; whatever else is going on in the
repository (other changes, what is staged) stays as it is.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from retraining.git import UNATTENDED, GitError, author, git

__all__ = ["GitError", "commit"]

logger = logging.getLogger(__name__)


def commit(file: Path, message: str, who: str) -> str:
    """Commits one file; gives the commit, or nothing if git does not keep the file.

    Args:
        file: changed on disk.
        message: subject and body.
        who: a name.

    Raises:
        GitError: if there is a repository and the file could not be committed.
    """
    if not _is_kept(file):
        return ""
    folder, name = file.parent, file.name
    if git(folder, "status", "--porcelain", "--", name):
        what = ("commit", "--quiet", "--no-verify", f"--message={message}", "--only")
        git(folder, *UNATTENDED, *what, author(who), "--", name)
    return git(folder, "log", "-1", "--format=%H", "--", name).strip()


def _is_kept(file: Path) -> bool:
    """Whether the file is in a repository that git can be asked about."""
    if not any((folder / ".git").exists() for folder in file.resolve().parents):
        return False
    if shutil.which("git") is None:
        logger.warning("No git here: %s is changed without a commit.", file.name)
        return False
    return bool(git(file.parent, "ls-files", "--", file.name))
