"""Keeps what was written in git, where the folder is in a repository.

One file in one commit, in the name of the person; whatever else is going on in the
repository (other changes, what is staged) stays as it is.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path

logger = logging.getLogger(__name__)

SECONDS = 20.0
# An address that nobody has: staff's own stay out of a history that is copied about.
ADDRESS = "staff@frontdesk.invalid"
# Neither hooks nor signatures: nobody is there to answer what they ask.
OPTIONS = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")


class GitError(RuntimeError):
    """Git has refused; says what it said."""


def commit(file: Path, message: str, author: str) -> str:
    """Commits one file; gives the commit, or nothing if git does not keep the file.

    Args:
        file: changed on disk.
        message: subject and body.
        author: a name.

    Raises:
        GitError: if there is a repository and the file could not be committed.
    """
    if not _is_kept(file):
        return ""
    if _git(file, "status", "--porcelain", "--", file.name):
        _git(
            file,
            *OPTIONS,
            "commit",
            "--quiet",
            "--no-verify",
            f"--author={_plain(author)} <{ADDRESS}>",
            f"--message={message}",
            "--only",
            "--",
            file.name,
        )
    return _git(file, "log", "-1", "--format=%H", "--", file.name)


def _is_kept(file: Path) -> bool:
    """Whether the file is in a repository that git can be asked about."""
    if not any((folder / ".git").exists() for folder in file.resolve().parents):
        return False
    if shutil.which("git") is None:
        logger.warning("No git here: %s is changed without a commit.", file.name)
        return False
    return bool(_git(file, "ls-files", "--", file.name))


def _git(file: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_COMMITTER_NAME": "Front desk",
        "GIT_COMMITTER_EMAIL": ADDRESS,
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=file.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git could not be used ({type(error).__name__}).") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise GitError(f"git has refused: {said}.")
    return done.stdout.strip()


def _plain(name: str) -> str:
    """A name without what would end it."""
    return " ".join(name.translate({ord(c): " " for c in "<>\n\r\0"}).split()) or "?"
