"""What a proposal changes, in plain words and line by line.

Read from the files themselves, so that nothing changes that is not named.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clinic.topics import topic_of
from retraining.check_tree import LOOKUPS

KNOWN = {"version", "nlu", "stories", "conversations", "lessons"}
MOST_WORDS = 6  # of kinds that the short form names


@dataclass(frozen=True)
class Diff:
    """A summary, one sentence for each kind of change, and each file's lines."""

    words: str
    parts: tuple[str, ...]
    files: dict[str, str]  # relative path and unified diff


def diff(root: Path, files: Mapping[str, str]) -> Diff:
    """The difference between a project and the same with some files laid over it.

    Args:
        root: the project.
        files: relative paths and texts.
    """
    before = {name: _text(root / name) for name in files}
    parts = tuple(_parts(before, files))
    shown = [*parts[:MOST_WORDS]]
    if len(parts) > MOST_WORDS:
        shown.append(f"and {len(parts) - MOST_WORDS} more kinds of change")
    lines = {name: _lines(name, before[name], files[name]) for name in sorted(files)}
    return Diff(", ".join(shown) or "nothing yet", parts, lines)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _lines(name: str, before: str, after: str) -> str:
    found = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name, lineterm="", n=2
    )
    return "\n".join(found)


def _parts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    yield from _examples(_of(before, _examples_in), _of(after, _examples_in))
    yield from _terms(_of(before, _terms_in), _of(after, _terms_in))
    for one, key, name, folder in (
        ("story", "stories", "story", "data/stories/"),
        ("test story", "conversations", "name", "tests/stories/"),
        ("lesson", "lessons", "name", "tests/stories/"),
    ):
        yield from _entries(one, _named(before, key, name, folder), after, key, name)
    yield from _unread(before, after)


def _of(files: Mapping[str, str], read: Any) -> Counter[tuple[str, str]]:
    return Counter(pair for name, text in files.items() for pair in read(name, text))


def _examples_in(name: str, text: str) -> Iterator[tuple[str, str]]:
    if name.startswith("data/nlu/") and not name.startswith(LOOKUPS):
        yield from _blocks(text, ("intent",))


def _terms_in(name: str, text: str) -> Iterator[tuple[str, str]]:
    if name.startswith("data/nlu/"):
        yield from _blocks(text, ("lookup", "synonym", "regex"))


def _blocks(text: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for block in _section(text, "nlu"):
        found = [str(block[key]) for key in keys if key in block]
        for line in str(block.get("examples") or "").splitlines() if found else []:
            if line.strip():
                yield found[0], line.strip().removeprefix("- ").strip()


def _examples(before: Counter, after: Counter) -> Iterator[str]:
    added, gone = after - before, before - after
    moved = Counter[tuple[str, str]]()
    for (wrong, text), _ in gone.items():
        for right in [right for right, same in added if same == text]:
            moved[wrong, right] += 1
            added[right, text] -= 1
            gone[wrong, text] -= 1
    for intent, count in _by_first(+added).items():
        yield f"{_count(count, 'example')} for *{_plain(intent)}*"
    for (wrong, right), count in sorted(moved.items()):
        yield (
            f"{_count(count, 'example')} moved from *{_plain(wrong)}* to "
            f"*{_plain(right)}*"
        )
    for intent, count in _by_first(+gone).items():
        yield f"{_count(count, 'example')} of *{_plain(intent)}* taken out"


def _terms(before: Counter, after: Counter) -> Iterator[str]:
    for name, count in _by_first(_counted_once(after - before)).items():
        yield f"{_count(count, 'word')} for *{_plain(name)}*"
    for name, count in _by_first(_counted_once(before - after)).items():
        yield f"{_count(count, 'word')} of *{_plain(name)}* taken out"


def _counted_once(pairs: Counter) -> Counter:
    """A word of a look-up table and of the synonym it stands for is one change."""
    found: dict[str, tuple[str, str]] = {}
    for name, text in pairs:
        found.setdefault(text, (name, text))  # the table stands before its synonyms
    return Counter(found.values())


def _by_first(pairs: Counter) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (name, _), count in pairs.items():
        found[name] += count
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _named(
    files: Mapping[str, str], key: str, name: str, folder: str = ""
) -> dict[str, Any]:
    found = {}
    for file, text in files.items():
        content = _load(text) if file.startswith(folder) else None
        for entry in (
            (content or {}).get(key) or [] if isinstance(content, dict) else []
        ):
            found[str(entry.get(name))] = entry
    return found


def _entries(
    one: str, before: dict[str, Any], files: Mapping[str, str], key: str, name: str
) -> Iterator[str]:
    after = _named(files, key, name)
    changed = sum(before[each] != after[each] for each in before.keys() & after.keys())
    if new := len(after.keys() - before.keys()):
        yield _count(new, one)
    if changed:
        yield f"{_count(changed, one)} changed"
    if gone := len(before.keys() - after.keys()):
        yield f"{_count(gone, one)} taken out"


def _unread(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Changes that none of the others has counted: comments, order, broken files."""
    for name, text in sorted(after.items()):
        if _load(text) is None:
            yield f"{name} can't be read"
        elif _load(text) == _load(before[name]):
            yield f"comments or layout of {name}"
        elif other := sorted(set(map(str, _load(text))) - KNOWN):
            yield f"{', '.join(other)} in {name}"


def _section(text: str, key: str) -> list[dict[str, Any]]:
    content = _load(text)
    entries = content.get(key) if isinstance(content, dict) else None
    return [entry for entry in entries or [] if isinstance(entry, dict)]


def _load(text: str) -> Any:
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError):
        return None


def _plain(name: str) -> str:
    return (topic_of(name) or name).replace("_", " ")


def _count(count: int, one: str) -> str:
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{count} {one if count == 1 else many}"
