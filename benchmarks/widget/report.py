"""The report of ``make bench-widget``: terminal table and one HTML file."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.report import STYLE
from benchmarks.widget.figures import remarks, text_of

OWN_STYLE = """
.best { color: #1b6e3c; font-weight: 600; }
td, th { vertical-align: top; }
figure { margin: 1rem 0; } img { max-width: 100%; border: 1px solid #ccc; }
"""
PICTURES = {
    "conversation": "in a conversation",
    "outage": "while the server is gone",
    "strict-policy": "under the strict policy",
}


def table(rows: list[dict[str, Any]], titles: dict[str, str]) -> Table:
    """The comparison for the terminal; the best of each row is green."""
    made = Table(title="Our widget beside two others")
    made.add_column("figure", no_wrap=True)
    for title in titles.values():
        made.add_column(title.replace("@", "\n"), justify="right")
    for row in rows:
        cells = [
            f"[green]{text_of(row['values'][key])}[/green]"
            if key in row["best"]
            else text_of(row["values"][key])
            for key in titles
        ]
        made.add_row(_title(row), *cells)
    return made


def page(result: dict[str, Any], pictures: Path) -> str:
    """The whole page; it loads nothing.

    Args:
        result: what ``figures.json`` holds.
        pictures: folder with ``<widget>-<state>.png``.
    """
    titles = {key: one["title"] for key, one in result["widgets"].items()}
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Widgets</title><style>{STYLE}{OWN_STYLE}</style>",
        "<h1>Our widget beside two others</h1>",
        f"<p>{escape(result['machine'])}. {escape(result['note'])}</p>",
        _comparison(result["comparison"], titles),
    ]
    for key, widget in result["widgets"].items():
        parts.append(_widget(key, widget, pictures))
    return "\n".join(parts)


def _title(row: dict[str, Any]) -> str:
    return f"{row['figure']}, {row['unit']}" if row["unit"] else row["figure"]


def _comparison(rows: list[dict[str, Any]], titles: dict[str, str]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles.values())
    body = ""
    for row in rows:
        cells = "".join(
            f"<td class='{'best' if key in row['best'] else ''}'>"
            f"{text_of(row['values'][key])}</td>"
            for key in titles
        )
        body += f"<tr><td>{escape(_title(row))}</td>{cells}</tr>"
    return f"<table><tr><th>figure</th>{head}</tr>{body}</table>"


def _widget(key: str, widget: dict[str, Any], pictures: Path) -> str:
    released = f", released {widget['released']}" if widget["released"] else ""
    said = "".join(f"<li>{escape(line)}</li>" for line in remarks(widget["found"]))
    shown = "".join(
        _picture(pictures / f"{key}-{name}.png", f"{widget['title']} {words}")
        for name, words in PICTURES.items()
    )
    return (
        f"<h2>{escape(widget['title'])}</h2>"
        f"<p>{escape(widget['licence'])}{released}. "
        f"Set-up: {escape(widget['set_up'])}.</p><ul>{said}</ul>{shown}"
    )


def _picture(file: Path, words: str) -> str:
    if not file.exists():
        return ""
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        f"<figure><img alt='{escape(words, quote=True)}' "
        f"src='data:image/png;base64,{data}'><figcaption>{escape(words)}</figcaption>"
        "</figure>"
    )
