"""House checks on the code: import direction, and no text for patients in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from retraining.check_tree import Problem, Tree

# design.md: imports go one way. A folder that is not named here holds no package.
MAY_IMPORT = {
    "safety": set(),
    "clinic": set(),
    "components": {"safety", "clinic"},
    "actions": {"safety", "clinic"},
    "retraining": {"components", "safety", "clinic"},
    "frontdesk": {"retraining", "safety", "clinic"},
    "benchmarks": {"retraining", "components", "actions", "safety", "clinic"},
}
MAY_IMPORT_ALL = {"deploy"}
PACKAGES = {*MAY_IMPORT, *MAY_IMPORT_ALL}

# Of the front desk what speaks to patients; its other pages are read by staff.
NO_TEXT_IN = ("actions", "components", "frontdesk/chat", "frontdesk/site")
LONGEST_WORDING = 60  # characters
FEWEST_WORDS = 8
SENTENCE = re.compile(r"^[A-Z¡¿][^\n]*?[a-z]{2,} [a-z]{2,}.*[.?!]", re.DOTALL)
# Their strings are read by developers.
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log", "warn"}
# Documents of the API, of commands and of metrics.
DOCUMENTS = {"DESCRIPTION", "HELP", "description", "help"}
METRICS = {"Counter", "Gauge", "Histogram"}
SCRIPT_STRING = re.compile(r"(['\"`])((?:\\.|(?!\1).){61,}?)\1", re.DOTALL)


def check_imports(tree: Tree) -> Iterator[Problem]:
    """Imports go one way (design.md)."""
    for package, allowed in MAY_IMPORT.items():
        for file in tree.files(f"{package}/**/*.py"):
            for line, name in _imported_packages(tree, file):
                if name in PACKAGES - {package} - allowed:
                    may = ", ".join(sorted(allowed)) or "nothing of ours"
                    yield Problem(
                        "error",
                        "import-direction",
                        f"{file}:{line}",
                        f"{package} imports {name}",
                        f"{package} may import {may}: move the code, or hand it in.",
                    )


def _imported_packages(tree: Tree, file: str) -> Iterator[tuple[int, str]]:
    module = _parsed(tree, file)
    for node in ast.walk(module) if module else []:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, str(node.module).split(".")[0]


def check_no_text_in_code(tree: Tree) -> Iterator[Problem]:
    """What patients read is in data/responses, never in code."""
    for package in NO_TEXT_IN:
        for file in tree.files(f"{package}/**/*.py"):
            module = _parsed(tree, file)
            for line, text in _sentences(module) if module else []:
                yield _text_in_code(f"{file}:{line}", text)
    for file in tree.files("widget/**/*.js"):
        if file.endswith("strings.js") or "/dist/" in file:
            continue
        source = tree.text(file)
        for found in SCRIPT_STRING.finditer(source):
            if _reads_like_a_sentence(found[2]):
                line = source[: found.start()].count("\n") + 1
                yield _text_in_code(f"{file}:{line}", found[2])


def _text_in_code(where: str, text: str) -> Problem:
    return Problem(
        "error",
        "text-in-code",
        where,
        f"reads like a text for patients: '{text[:50]}…'",
        "Move it to data/responses (labels of the widget: strings.js).",
    )


def _parsed(tree: Tree, file: str) -> ast.Module | None:
    try:
        return ast.parse(tree.text(file))
    except SyntaxError:  # ruff reports it
        return None


def _sentences(module: ast.Module) -> Iterator[tuple[int, str]]:
    """String literals that read like sentences and are for nobody but patients."""
    skipped = _for_developers(module)
    for node in ast.walk(module):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if _is_uttered_text(node, keyword):
                    yield node.lineno, ast.unparse(keyword.value)
        text = _literal(node)
        if text and _reads_like_a_sentence(text):
            yield node.lineno, text  # type: ignore[attr-defined]


def _is_uttered_text(node: ast.Call, keyword: ast.keyword) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    text = isinstance(keyword.value, ast.Constant | ast.JoinedStr)
    return called == "utter_message" and keyword.arg == "text" and text


def _literal(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part for part in node.values if isinstance(part, ast.Constant))
        return "…".join(str(part.value) for part in parts)
    return ""


def _reads_like_a_sentence(text: str) -> bool:
    return (
        len(text) > LONGEST_WORDING
        and len(text.split()) >= FEWEST_WORDS
        and SENTENCE.match(text.strip()) is not None
    )


def _for_developers(module: ast.Module) -> set[int]:
    """Ids of nodes in docstrings, raised errors, log calls and parts of f-strings."""
    skipped: set[int] = set()
    for node in ast.walk(module):
        call = isinstance(node, ast.Call) and _is_for_developers(node)
        if call or isinstance(node, ast.Raise | ast.Assert):
            skipped |= {id(part) for part in ast.walk(node)}
        elif documented := _documents(node):
            skipped |= {id(part) for each in documented for part in ast.walk(each)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        elif isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
    return skipped


def _is_for_developers(call: ast.Call) -> bool:
    function = call.func
    name = str(getattr(function, "attr", None) or getattr(function, "id", ""))
    known = name in LOGGING | METRICS
    return known or name.endswith(("Error", "Exception", "Warning"))


def _documents(node: ast.AST) -> list[ast.expr]:
    """What a node says about the program, for those who call or run it."""
    if isinstance(node, ast.keyword) and node.arg in DOCUMENTS:
        return [node.value]
    if isinstance(node, ast.Assign):
        names = {getattr(target, "id", None) for target in node.targets}
        return [node.value] if names & DOCUMENTS else []
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [v for k, v in pairs if getattr(k, "value", None) in DOCUMENTS]
    return []
