"""Commits of the project's data, where the project is a git repository."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

SECONDS = 20


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
        if names and _git(root, "status", "--porcelain", "--", *names):
            _git(root, "add", "--all", "--", *names)
            who = (
                *("-c", f"user.name={actor}"),
                *("-c", "user.email=staff@localhost"),
                # The house checks have run already; a hook may take for ever.
                *("-c", "core.hooksPath=/dev/null"),
            )
            _git(root, *who, "commit", "--quiet", "-m", message, "--", *names)
        return _git(root, "rev-parse", "HEAD")
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        logger.error("The data were not committed: %s", why.strip())
        return f"not committed: {why.strip()[:200]}"


def current_commit(root: Path) -> str:
    """The commit that the project is at; empty if it is no repository."""
    return commit_files(root, (), "", "")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip()
