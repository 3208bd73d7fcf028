"""The project's files as the house checks see them. Used by ``retraining.check_*``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from clinic.answers import Answer

LOOKUPS = "data/nlu/lookups/"
Steps = tuple[str, list[dict[str, Any]]]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in the project's files."""

    severity: str  # error | warning
    check: str
    where: str  # file:line or file: key
    what: str
    do: str
    found: str = ""  # the very words of a text, where it is about some of them


@dataclass(frozen=True)
class Example:
    """A patient's sentence in a training or test file."""

    intent: str
    text: str
    where: str


@dataclass(frozen=True)
class Turn:
    """A patient's turn of a test conversation."""

    text: str
    routes: tuple[str, ...]
    topic: str | None
    where: str


@dataclass(frozen=True)
class Entry:
    """One variation of a response, and where it stands."""

    answer: Answer
    where: str


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Remembers keys that stand twice in a mapping, which YAML readers swallow."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[tuple[int, str]] = []

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """(see parent class for full docstring)."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                self.repeated.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class Tree:
    """Reads each file once; what can't be read becomes a problem."""

    def __init__(self, root: Path, today: date) -> None:
        """Reads nothing yet."""
        self.root = root
        self.today = today
        self.problems: list[Problem] = []
        self._contents: dict[str, Any] = {}

    def files(self, pattern: str) -> list[str]:
        """Paths of files below the root that fit a pattern, sorted."""
        found = (path for path in self.root.glob(pattern) if path.is_file())
        names = (path.relative_to(self.root).as_posix() for path in found)
        return sorted(name for name in names if "node_modules/" not in name)

    def text(self, name: str) -> str:
        """The text of a file; empty if there is none."""
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def content(self, name: str) -> Any:
        """The content of a YAML file; None if it can't be read (noted once)."""
        if name not in self._contents:
            self._contents[name] = self._load(name)
        return self._contents[name]

    def _load(self, name: str) -> Any:
        try:
            loader = _Loader(self.text(name))
            content = loader.get_single_data()
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{name}:{mark.line + 1}" if mark else name
            reason = getattr(error, "problem", None) or str(error)
            self.problems.append(
                Problem(
                    "error",
                    "yaml-loads",
                    where,
                    f"not valid YAML: {reason}",
                    "Compare with a neighbouring file: spaces, quotes, colons.",
                )
            )
            return None
        for line, key in loader.repeated:
            self.problems.append(
                Problem(
                    "error",
                    "defined-once",
                    f"{name}:{line}",
                    f"'{key}' stands twice in the same place; only the last counts",
                    "Keep one of them.",
                )
            )
        return content

    def section(self, name: str, key: str) -> Any:
        """One top key of a YAML file, or None."""
        content = self.content(name)
        return content.get(key) if isinstance(content, dict) else None

    def line_of(self, name: str, pattern: str) -> int:
        """The first line of a file that fits a pattern; 1 if none does."""
        found = re.search(pattern, self.text(name), re.MULTILINE)
        return self.text(name)[: found.start()].count("\n") + 1 if found else 1

    @cached_property
    def domain(self) -> dict[str, Any]:
        """``domain.yml``."""
        content = self.content("domain.yml")
        return content if isinstance(content, dict) else {}

    @cached_property
    def intents(self) -> list[str]:
        """Names of the intents of the domain."""
        entries = self.domain.get("intents") or []
        return [
            next(iter(entry)) if isinstance(entry, dict) else str(entry)
            for entry in entries
        ]

    @cached_property
    def responses(self) -> dict[str, list[Entry]]:
        """Every response, in all files; a name that stands twice keeps both."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for file in self.files("data/responses/*.yml"):
            responses = self.section(file, "responses")
            for name, variations in (responses or {}).items():
                line = self.line_of(file, rf"^ +{re.escape(str(name))}:")
                for number, entry in enumerate(variations or []):
                    where = f"{file}:{line} {name}[{number}]"
                    found[str(name)].append(_entry(str(name), entry, where))
        return dict(found)

    @property
    def entries(self) -> Iterator[Entry]:
        """Every variation of every response."""
        for variations in self.responses.values():
            yield from variations

    @cached_property
    def facts(self) -> dict[str, dict[str, Any]]:
        """The fact base by id."""
        return {
            str(fact["id"]): fact
            for file in self.files("knowledge/facts*.yml")
            for fact in self.section(file, "facts") or []
        }

    @cached_property
    def training(self) -> list[Example]:
        """Every example of ``data/nlu``, look-up tables left out."""
        return list(self._examples("data/nlu"))

    @cached_property
    def test_examples(self) -> list[Example]:
        """Every example of ``tests/nlu``."""
        return list(self._examples("tests/nlu"))

    def _examples(self, folder: str) -> Iterator[Example]:
        for file in self.files(f"{folder}/**/*.yml"):
            if file.startswith(LOOKUPS):
                continue
            lines = _lines_of_items(self.text(file))
            for block in self.section(file, "nlu") or []:
                intent = block.get("intent")
                for text in _items(block.get("examples")) if intent else []:
                    line = lines[text].pop(0) if lines[text] else 1
                    yield Example(str(intent), text, f"{file}:{line}")

    @cached_property
    def turns(self) -> list[Turn]:
        """Every patient turn of ``tests/stories``."""
        found = []
        for file in self.files("tests/stories/**/*.yml"):
            lines = _lines_of_items(self.text(file))
            for conversation in self.section(file, "conversations") or []:
                for turn in conversation.get("turns") or []:
                    text = str(turn.get("patient") or "")
                    line = lines[text].pop(0) if lines[text] else 1
                    routes = turn.get("routes") or [turn.get("route")]
                    where = f"{file}:{line}"
                    found.append(Turn(text, tuple(routes), turn.get("topic"), where))
        return found

    @cached_property
    def rules(self) -> list[Steps]:
        """Every rule: where it stands, and its steps."""
        return list(self._steps("data/rules/*.yml", "rule"))

    @cached_property
    def stories(self) -> list[Steps]:
        """Every story: where it stands, and its steps."""
        return list(self._steps("data/stories/**/*.yml", "story"))

    def _steps(self, pattern: str, key: str) -> Iterator[Steps]:
        section = {"rule": "rules", "story": "stories"}[key]
        for file in self.files(pattern):
            for entry in self.section(file, section) or []:
                name = str(entry.get(key))
                line = self.line_of(file, rf"- {key}: *['\"]?{re.escape(name)}")
                yield f"{file}:{line}", entry.get("steps") or []


def _entry(name: str, entry: Any, where: str) -> Entry:
    fields = entry if isinstance(entry, dict) else {}
    answer = Answer(
        name=name,
        text=str(fields.get("text") or "").strip(),
        conditions={
            str(condition.get("name")): str(condition.get("value"))
            for condition in fields.get("condition") or []
        },
        metadata=dict(fields.get("metadata") or {}),
    )
    return Entry(answer, where)


def _items(examples: Any) -> list[str]:
    """The lines of an ``examples: |`` block."""
    lines = str(examples or "").splitlines()
    return [line.strip()[2:].strip() for line in lines if line.strip()[:2] == "- "]


def _lines_of_items(text: str) -> dict[str, list[int]]:
    """Line numbers of each list item of a file, by its text."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(text.splitlines(), start=1):
        item = line.strip().removeprefix("- ").removeprefix("patient: ").strip()
        found[item.strip("'\"")].append(number)
        if item.strip("'\"") != item:
            found[item].append(number)
    return found
