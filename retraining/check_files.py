"""House checks on the files themselves: YAML, names, sizes, classes named in them."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retraining.check_tree import LOOKUPS, Problem, Tree

MOST_LINES = 300
DATA_VERSION = "3.1"
# Rasa drops a file with an unknown top key, or a part of it, without a word.
TOP_KEYS = {
    "data/nlu/**/*.yml": {"version", "nlu"},
    "data/responses/*.yml": {"version", "responses"},
    "data/rules/*.yml": {"version", "rules"},
    "data/stories/**/*.yml": {"version", "stories"},
    "tests/nlu/**/*.yml": {"version", "nlu"},
    "tests/stories/*/*.yml": {"conversations"},
    "tests/stories/lessons.yml": {"lessons"},
    "domain.yml": {
        "version",
        "intents",
        "entities",
        "slots",
        "actions",
        "forms",
        "session_config",
        "responses",
    },
    "config.yml": {
        "version",
        "recipe",
        "language",
        "assistant_id",
        "pipeline",
        "policies",
    },
    "endpoints.yml": {
        "nlg",
        "action_endpoint",
        "tracker_store",
        "event_broker",
        "lock_store",
        "model",
        "models",
    },
}
# Rasa's own names; anything else is taken for a class, and a typo is only logged.
STORE_TYPES = {
    "tracker_store": {"sql", "mongod", "redis", "dynamo"},
    "event_broker": {"pika", "kafka", "sql", "file"},
    "lock_store": {"in_memory", "redis"},
    "nlg": {"callback", "response"},
}


def check_yaml(tree: Tree) -> Iterator[Problem]:
    """Every YAML file of ours loads, and has no key twice."""
    patterns = ("*.yml", "data/**/*.yml", "knowledge/*.yml", "safety/**/*.yml")
    for pattern in (*patterns, "tests/nlu/**/*.yml", "tests/stories/**/*.yml"):
        for file in tree.files(pattern):
            tree.content(file)
    for file in tree.files("data/**/*"):
        if not file.endswith(".yml"):
            yield Problem(
                "error", "yaml-loads", file, "is not read by anything", "Name it .yml."
            )


def check_top_keys(tree: Tree) -> Iterator[Problem]:
    """Only known top keys, and the version that this Rasa reads."""
    for pattern, known in TOP_KEYS.items():
        for file in tree.files(pattern):
            content = tree.content(file)
            if not isinstance(content, dict):
                continue
            for key in sorted(set(content) - known, key=str):
                line = tree.line_of(file, rf"^{key}:")
                yield Problem(
                    "error",
                    "top-keys",
                    f"{file}:{line}",
                    f"the top key '{key}' is unknown here",
                    f"Use {', '.join(sorted(known))}.",
                )
            if file.startswith("data/") and content.get("version") != DATA_VERSION:
                yield Problem(
                    "error",
                    "top-keys",
                    f"{file}:1",
                    f'the first line is not version: "{DATA_VERSION}"',
                    "Rasa skips a file of another version; add the line.",
                )


def check_sizes(tree: Tree) -> Iterator[Problem]:
    """A file of data is short enough to be read; look-up tables may be long."""
    for file in tree.files("data/**/*.yml"):
        lines = tree.text(file).count("\n")
        if lines > MOST_LINES and not file.startswith(LOOKUPS):
            yield Problem(
                "error",
                "file-size",
                file,
                f"{lines} lines, at most {MOST_LINES}",
                "Split it by kind, as crisis_indirect.yml.",
            )


def check_no_test_files(tree: Tree) -> Iterator[Problem]:
    """No ``test_*`` file in ``data``: Rasa takes it for test stories."""
    for file in tree.files("data/**/test_*"):
        yield Problem(
            "error",
            "test-file-in-data",
            file,
            "Rasa does not train on files whose name begins with test_",
            "Rename it, or move it to tests.",
        )


def check_classes(tree: Tree) -> Iterator[Problem]:
    """Classes named in Rasa's files exist: else Rasa falls back and only logs it."""
    for file, key, name in _named_classes(tree):
        if not _exists(tree.root, name):
            yield Problem(
                "error",
                "class-imports",
                f"{file}: {key}",
                f"the class '{name}' does not exist",
                "Correct the name; Rasa would go on without it.",
            )


def _named_classes(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """File, key and dotted name of each class that Rasa is told to import."""
    for key, known in STORE_TYPES.items():
        settings = tree.section("endpoints.yml", key)
        name = settings.get("type") if isinstance(settings, dict) else None
        if name and name not in known:
            yield "endpoints.yml", key, str(name)
    for key in ("pipeline", "policies"):
        for component in tree.section("config.yml", key) or []:
            name = str(component.get("name"))
            if "." in name:
                yield "config.yml", key, name
    credentials: Any = tree.content("credentials.yml")
    for name in credentials if isinstance(credentials, dict) else []:
        if "." in name:
            yield "credentials.yml", name, name


def _exists(root: Path, dotted: str) -> bool:
    """Whether a module defines or imports the name; nothing is run."""
    module, _, name = dotted.rpartition(".")
    if not module:
        return False
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        ours = (root / module.split(".")[0]).is_dir()
        return not ours and importlib.util.find_spec(module.split(".")[0]) is not None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return name in {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
