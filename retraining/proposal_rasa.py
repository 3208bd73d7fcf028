"""Rasa's findings about the stories of a proposal, with file and line.

Used by ``proposal_check`` when a proposal is submitted; it takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from retraining.check_tree import Problem
from retraining.rasa_stories import RasaError, contradictions


def ask_rasa(root: Path, files: Mapping[str, str]) -> list[Problem]:
    """What Rasa would stop a training for, about stories of the overlay.

    Args:
        root: the project.
        files: the overlay.
    """
    stories = {n: t for n, t in files.items() if n.startswith("data/stories/")}
    if not stories:
        return []
    try:
        found = contradictions(root, files)
    except RasaError as error:
        do = "Compare with data/stories; 'make train' says more."
        what = f"Rasa can't read the stories: {error}"
        return [Problem("error", "rasa", next(iter(stories)), what, do)]
    problems = []
    for each in found:
        where = _where(stories, each["story"])
        if where or not each["story"]:
            what = f"'{each['story']}': {each['what']}"
            do = "Follow the rule, or change the story that differs."
            where = where or next(iter(stories))
            problems.append(Problem("error", "rasa", where, what, do))
    return problems


def _where(files: Mapping[str, str], story: str) -> str:
    """File and line of a story; empty if it is none of the overlay."""
    pattern = re.compile(rf"^- story: *['\"]?{re.escape(story)}", re.MULTILINE)
    for name, text in files.items():
        if found := pattern.search(text):
            return f"{name}:{text[: found.start()].count(chr(10)) + 1}"
    return ""
