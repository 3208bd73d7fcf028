"""Runs git for a program: it asks nobody anything, and takes no orders from outside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECONDS = 20.0
# An address that nobody has: staff's own stay out of a history that is copied about.
ADDRESS = "staff@frontdesk.invalid"
# Neither hooks nor signatures: nobody is there to answer what they ask.
UNATTENDED = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")


class GitError(RuntimeError):
    """Git has refused; says what it said."""


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder.

    Args:
        folder: in the repository.
        arguments: of git.

    Raises:
        GitError: if git is not there, takes too long, or refuses.
    """
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
            cwd=folder,
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
    return done.stdout


def author(name: str) -> str:
    """Git's option for whose deed a commit is, without what would end a name."""
    plain = " ".join(name.translate({ord(c): " " for c in "<>\n\r\0"}).split()) or "?"
    return f"--author={plain} <{ADDRESS}>"
