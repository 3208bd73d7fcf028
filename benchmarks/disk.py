"""Size on disk of the packages that the product runs on; tools for developers apart."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any


def environment_mb(environment: Path) -> float:
    """All of an environment."""
    return _kilobytes([environment]) / 1024


def product_mb(environment: Path, lock_file: Path) -> float:
    """An environment of ours without what only the group ``dev`` brings in.

    Args:
        environment: the folder of a virtual environment.
        lock_file: uv's; says which packages the product itself needs.
    """
    needed = set(_needed(tomllib.loads(lock_file.read_text(encoding="utf-8"))))
    folders = list(environment.glob("lib/python*/site-packages"))
    tools: set[Path] = set()
    kept: set[Path] = set()
    for found in distributions(path=[str(folder) for folder in folders]):
        is_needed = _plain(found.metadata["Name"]) in needed
        (kept if is_needed else tools).update(_top_level(found))
    return environment_mb(environment) - _kilobytes(sorted(tools - kept)) / 1024


def _needed(lock: dict[str, Any]) -> Iterator[str]:
    """Names of the packages that the project's own dependencies lead to."""
    packages: dict[str, dict[str, Any]] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], package)
    (project,) = (
        package for package in lock["package"] if "virtual" in package["source"]
    )
    seen: set[tuple[str, str]] = set()
    waiting = list(project["dependencies"])
    while waiting:
        entry = waiting.pop()
        package = packages[entry["name"]]
        extras = package.get("optional-dependencies", {})
        for part in ("", *entry.get("extra", ())):
            if (entry["name"], part) in seen:
                continue
            seen.add((entry["name"], part))
            waiting += extras[part] if part else package.get("dependencies", [])
    return (name for name, _ in seen)


def _top_level(found: Distribution) -> Iterator[Path]:
    """The folders and files of a package right below ``site-packages``."""
    base = Path(str(found.locate_file("")))
    for file in found.files or []:
        first = file.parts[0]
        if first not in ("..", "__pycache__"):
            yield base / first


def _kilobytes(paths: list[Path]) -> int:
    there = [str(path) for path in paths if path.exists()]
    if not there:
        return 0
    answer = subprocess.run(
        ["du", "-skxc", *there], capture_output=True, text=True, check=True
    )
    return int(answer.stdout.splitlines()[-1].split()[0])


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
