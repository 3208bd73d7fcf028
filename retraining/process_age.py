"""Tells a process from a later one that was given the same number."""

from __future__ import annotations

import time
from pathlib import Path


def born_at(pid: int) -> str:
    """When a process began, in the kernel's own count; empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may hold anything.
    fields = stat.rpartition(")")[2].split()
    is_zombie = fields[0] in "ZX"
    return "" if is_zombie else fields[19]


def age_of(file: Path) -> float:
    """Seconds since a file was written; endless if there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return float("inf")
