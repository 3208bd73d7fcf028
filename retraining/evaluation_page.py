"""HTML for the evaluation report: one page that needs nothing else.

No script, no font, no image from anywhere: the page holds test messages and is read
where nothing may leave the house. Follows dark mode and prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from retraining.evaluation_charts import COLOURS
from retraining.evaluation_charts import STYLE as CHART_STYLE

STYLE = """
@media print{thead{display:table-header-group}tr,figure{break-inside:avoid}}
body{margin:2rem auto;max-width:64rem;padding:0 1rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}
table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;
vertical-align:top;overflow-wrap:break-word}
th[scope=row]{font-weight:400}
thead th{background:var(--soft)}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.bad{color:var(--c1);font-weight:600}.good{color:var(--c2)}
@media screen{.wide{overflow-x:auto}}
figure{margin:1.5rem 0}figcaption{font-weight:600;margin-bottom:.4rem}
"""
# No loading of anything, whatever a test message may hold.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


BAD = ("fail", "FAIL (floor)", "wrong")


def page(title: str, introduction: str, sections: Iterable[str]) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>"
        f"{COLOURS}{STYLE}{CHART_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(introduction)}</p>"
        + "\n".join(sections)
        + "</main></body></html>\n"
    )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a head that begins with # is a column of numbers."""
    kinds = [' class="n"' if head.startswith("#") else "" for head in heads]
    top = "".join(
        f'<th scope="col"{kind}>{escape(head.lstrip("#"))}</th>'
        for head, kind in zip(heads, kinds, strict=True)
    )
    body = []
    for row in rows:
        first, *others = row
        cells = "".join(
            f"<td{_class(cell, kind)}>{_breakable(cell)}</td>"
            for cell, kind in zip(others, kinds[1:], strict=True)
        )
        body.append(
            f'<tr><th scope="row"{kinds[0]}>{_breakable(first)}</th>{cells}</tr>'
        )
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _breakable(cell: str) -> str:
    """A cell's text; names of topics may break after an underscore."""
    return escape(cell).replace("_", "_<wbr/>")


def _class(cell: str, kind: str) -> str:
    if cell in BAD:
        return ' class="bad"'
    return ' class="good"' if cell.startswith("pass") else kind


def section(identifier: str, title: str, *parts: str) -> str:
    """A part of the page under a heading."""
    content = "".join(parts)
    return (
        f'<section aria-labelledby="{identifier}"><h2 id="{identifier}">'
        f"{escape(title)}</h2>{content}</section>"
    )


def figure(caption: str, svg: str) -> str:
    """A chart with its caption."""
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<div class="wide">{svg}</div></figure>'
    )
