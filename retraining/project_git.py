"""Commits of the project's data, where the project is a git repository."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from retraining.git import UNATTENDED, GitError, author, git

logger = logging.getLogger(__name__)


def commit_files(root: Path, names: Sequence[str], message: str, actor: str) -> str:
    """Commits some files and nothing else; gives the commit that has them now.

    Args:
        root: the project.
        names: relative paths; one that is gone is committed as removed.
        message: of the commit.
        actor: its author.

    Returns:
        The commit, or why there is none; empty where the project is no repository. Data
        that were not committed are live all the same.
    """
    if not (root / ".git").exists():
        return ""
    try:
        if names and git(root, "status", "--porcelain", "--", *names):
            git(root, "add", "--all", "--", *names)
            what = ("commit", "--quiet", f"--message={message}", author(actor))
            git(root, *UNATTENDED, *what, "--", *names)
        return git(root, "rev-parse", "HEAD").strip()
    except GitError as error:
        logger.error("The data were not committed: %s", error)
        return f"not committed: {error}"


def current_commit(root: Path) -> str:
    """The commit that the project is at; empty if it is no repository."""
    return commit_files(root, (), "", "")
