"""Reads examples from Rasa NLU files, with file and line, for training and checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NLU_FOLDER = ROOT / "data" / "nlu"
_INTENT = re.compile(r"- intent: (\w+)\s*$")
_EXAMPLE = re.compile(r"    - (.*\S)\s*$")


@dataclass(frozen=True)
class Example:
    """One example of an intent and where it stands."""

    text: str
    intent: str
    file: Path
    line: int


def read_file(file: Path) -> list[Example]:
    """The intent examples of one Rasa NLU file, in order."""
    examples: list[Example] = []
    intent: str | None = None
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.startswith("- "):
            match = _INTENT.match(line)
            intent = match[1] if match else None
        elif intent and (match := _EXAMPLE.match(line)):
            examples.append(Example(match[1], intent, file, number))
    return examples


def read_folder(folder: Path = NLU_FOLDER) -> list[Example]:
    """The intent examples of every file of a folder, files in name order."""
    return [
        example for file in sorted(folder.glob("*.yml")) for example in read_file(file)
    ]
