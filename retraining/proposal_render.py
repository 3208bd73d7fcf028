"""Writes the items of a proposal as the files that Rasa trains on.

Nothing is written to disk here: paths and texts go to ``retraining.proposals``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from clinic.topics import route_of, topic_of
from retraining.check_files import MOST_LINES
from retraining.proposal_items import (
    ExampleItem,
    Item,
    ItemError,
    MovedExample,
    StoryItem,
    TermItem,
    TestStoryItem,
)

STORIES = "data/stories/reviewed"
TEST_STORIES = "tests/stories/reviewed"
_VERSION = 'version: "3.1"\n'
# An example stands on a line of its own below its intent.
_INDENT = "    - "


class Files:
    """The project's files with changes laid over them."""

    def __init__(self, root: Path) -> None:
        """Takes the folder of the project."""
        self._root = root
        self.changed: dict[str, str] = {}
        # Where each item stands: file and line.
        self.places: dict[str, tuple[str, int]] = {}

    def _read(self, name: str) -> str:
        file = self._root / name
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def text(self, name: str) -> str:
        """A file's text as it would be."""
        return self.changed[name] if name in self.changed else self._read(name)

    def change(self, name: str, text: str) -> None:
        """Lays a text over a file; the same text as before is no change."""
        if text == self._read(name):
            self.changed.pop(name, None)
        else:
            self.changed[name] = text

    @property
    def nlu(self) -> list[str]:
        """Names of the files with examples, new ones too."""
        new = {name for name in self.changed if name.startswith("data/nlu/")}
        old = (self._root / "data" / "nlu").glob("*.yml")
        return sorted({*(f"data/nlu/{file.name}" for file in old), *new})


def render(files: Files, items: Sequence[Item], proposal: str) -> None:
    """Lays all items over the files; ``proposal`` names its story files.

    Raises:
        ItemError: if an example to be moved is not there any more.
    """
    for item in items:
        if isinstance(item, MovedExample):
            _move(files, item)
        elif isinstance(item, ExampleItem):
            _add_example(files, item.intent, item.text, item.id)
        elif isinstance(item, TermItem):
            _add_term(files, item)
    _add_stories(files, items, f"{STORIES}/{proposal}.yml")
    _add_test_stories(files, items, f"{TEST_STORIES}/{proposal}.yml")


def file_of(intent: str, number: int = 1) -> str:
    """Where reviewed examples of an intent go: ``data/nlu/cost_reviewed.yml``."""
    is_plain = route_of(intent) in ("faq", "medical", "admin")
    stem = topic_of(intent) if is_plain else None
    more = f"_{number}" if number > 1 else ""
    return f"data/nlu/{stem or intent}_reviewed{more}.yml"


def _add_example(files: Files, intent: str, text: str, item_id: str) -> None:
    line = f"{_INDENT}{text}"
    number = 1
    while True:
        name = file_of(intent, number)
        before = files.text(name)
        if line in before.splitlines():
            break  # it is there since an earlier promotion
        if before.count("\n") < MOST_LINES:
            head = f"{_VERSION}nlu:\n- intent: {intent}\n  examples: |\n"
            files.change(name, f"{(before or head).rstrip(chr(10))}\n{line}\n")
            break
        number += 1
    files.places[item_id] = name, _line(files.text(name), line)


def _move(files: Files, item: MovedExample) -> None:
    for name in files.nlu:
        lines = files.text(name).splitlines(keepends=True)
        number = _line_in_intent(lines, item.wrong, item.text)
        if number is None:
            continue
        files.change(name, "".join(lines[: number - 1] + lines[number:]))
        files.places[item.id] = name, number
        break
    else:
        if not item.right or not _stands(files, item.right, item.text):
            raise ItemError(
                f"'{item.text}' is no example of {item.wrong} any more: take the move "
                f"out of the proposal."
            )
    if item.right:
        _add_example(files, item.right, item.text, item.id)


def _stands(files: Files, intent: str, text: str) -> bool:
    return any(
        _line_in_intent(files.text(name).splitlines(), intent, text) is not None
        for name in files.nlu
    )


def _line_in_intent(lines: Sequence[str], intent: str, text: str) -> int | None:
    """The line on which an intent has an example."""
    current = ""
    for number, line in enumerate(lines, start=1):
        if found := re.match(r"- intent: (\w+)\s*$", line):
            current = found[1]
        elif line.startswith("- "):
            current = ""
        elif current == intent and line.strip() == f"- {text}":
            return number
    return None


def _add_term(files: Files, item: TermItem) -> None:
    name = f"data/nlu/lookups/{item.entity}.yml"
    before = files.text(name)
    if not before:
        raise ItemError(f"'{item.entity}' has no look-up table, so no word is added.")
    text = _with_term(before, f"- lookup: {item.entity}", item.text)
    if item.synonym:
        text = _with_term(text, f"- synonym: {item.synonym}", item.text)
    files.change(name, text)
    files.places[item.id] = name, _line(text, f"{_INDENT}{item.text}")


def _with_term(text: str, block: str, term: str) -> str:
    """The text with a term at the end of a block; a new block where it has none."""
    lines = text.rstrip("\n").splitlines()
    heads = [n for n, line in enumerate(lines) if line.startswith("- ")]
    start = next((n for n in heads if lines[n].rstrip() == block), None)
    if start is None:
        lines += [block, "  examples: |", f"{_INDENT}{term}"]
        return "\n".join(lines) + "\n"
    end = next((n for n in heads if n > start), len(lines))
    if f"{_INDENT}{term}" not in lines[start:end]:
        lines.insert(end, f"{_INDENT}{term}")
    return "\n".join(lines) + "\n"


def _add_stories(files: Files, items: Sequence[Item], name: str) -> None:
    stories = [item for item in items if isinstance(item, StoryItem)]
    if not stories:
        return
    text = f"{_VERSION}stories:\n"
    for story in stories:
        files.places[story.id] = name, text.count("\n") + 1
        text += story.yaml.rstrip("\n") + "\n\n"
    files.change(name, text.rstrip("\n") + "\n")


def _add_test_stories(files: Files, items: Sequence[Item], name: str) -> None:
    stories = [item for item in items if isinstance(item, TestStoryItem)]
    if not stories:
        return
    text = "conversations:\n"
    for story in stories:
        files.places[story.id] = name, text.count("\n") + 1
        entry = {"name": story.title, "kind": "reviewed", "turns": story.turns}
        text += yaml.safe_dump(
            [entry], sort_keys=False, allow_unicode=True, width=10_000
        )
    files.change(name, text)


def _line(text: str, line: str) -> int:
    lines = text.splitlines()
    return lines.index(line) + 1 if line in lines else 1
