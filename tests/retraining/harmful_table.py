"""Writes the tables of ``docs/harmful.md``: what stops each harmful proposal."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "harmful.md"
WHEN = {"": "files", "live": "live model", "training": "training"}
MOST = 3  # reasons shown of each
COLUMNS = "| harm | stopped by | set aside | what staff read |\n|---|---|---|---|\n"


def write_page(rows, **groups):
    """Writes a table between the marks of each group.

    Args:
        rows: reasons by the name of the proposal.
        groups: proposals by the name of the marks on the page.
    """
    page = PAGE.read_text(encoding="utf-8")
    for name, proposals in groups.items():
        table = COLUMNS + "".join(_line(each, rows[each.name]) for each in proposals)
        marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        page = re.sub(marks, lambda m: m[1] + table + m[2], page, flags=re.S)  # noqa: B023
    PAGE.write_text(page, encoding="utf-8")


def _line(proposal, reasons):
    free = "by two people" if all(r.can_be_overridden for r in reasons) else "nobody"
    words = " · ".join(each.words for each in reasons[:MOST]).replace("|", "/")
    if len(reasons) > MOST:
        words += f" · and {len(reasons) - MOST} more"
    return f"| {proposal.harm} | {WHEN[proposal.needs]} | {free} | {words} |\n"
