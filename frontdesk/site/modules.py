"""Joins script modules into one, so that a page asks once; used by ``site.files``.

Developers read and write small modules. Joined, they share one scope, so each name at
the top level is used once, and an import brings names in as they are:
``import { a, b } from "./x.js";`` and ``export`` before a declaration, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IMPORT = re.compile(
    r'^import \{\s*(\w+(?:,\s*\w+)*),?\s*\} from "\./([\w-]+\.js)";\n', re.MULTILINE
)
_DECLARATION = re.compile(
    r"^(export )?((?:async )?function\*?|class|const|let) (\w+)", re.MULTILINE
)
_REST = re.compile(r"^(?:import|export)\b.*|\bimport\s*\(.*", re.MULTILINE)


class ModuleError(ValueError):
    """Modules that can't be joined; the message says which and why."""


def join_modules(modules: Mapping[str, str], entry: str) -> str:
    """The text of one module that does what the entry does with all it imports.

    Args:
        modules: texts by file name; those that nobody imports are left out.
        entry: name of the one to begin with.

    Raises:
        ModuleError: for a missing module, an import that finds nothing, a name used
            twice, or another form of import or export.
    """
    begun: set[str] = set()
    owners: dict[str, str] = {}
    parts: list[str] = []

    def add(name: str) -> None:
        if name not in modules:
            raise ModuleError(f"{name}: there is no such module.")
        begun.add(name)
        text = modules[name]
        for wanted, source in _IMPORT.findall(text):
            if source not in begun:
                add(source)
            missing = set(re.findall(r"\w+", wanted)) - _exports(modules[source])
            if missing:
                raise ModuleError(f"{name}: {source} exports no {min(missing)}.")
        for _, _, declared in _DECLARATION.findall(text):
            if declared in owners:
                raise ModuleError(f"{name}: {declared} is in {owners[declared]} too.")
            owners[declared] = name
        text = _DECLARATION.sub(r"\2 \3", _IMPORT.sub("", text))
        if rest := _REST.search(text):
            raise ModuleError(f"{name}: not understood: {rest[0]}")
        parts.append(text)

    add(entry)
    return "\n".join(parts)


def _exports(text: str) -> set[str]:
    return {name for export, _, name in _DECLARATION.findall(text) if export}
