"""The report of the bench: one HTML file with tables and plots, nothing to load."""

from __future__ import annotations

from html import escape
from typing import Any

COLOURS = {"ours": "#2a6f97", "stock": "#b08968"}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.aim { color: #1b6e3c; font-weight: 600; } .must { color: #1b6e3c; }
.short { color: #a4161a; font-weight: 600; }
svg text { font: 13px system-ui, sans-serif; fill: #222; }
"""


def page(result: dict[str, Any]) -> str:
    """The whole page."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Bench</title><style>{STYLE}</style>",
        "<h1>Our assistant beside stock Rasa 3.6.21</h1>",
        f"<p>{escape(result['machine'])}. {escape(result['note'])}</p>",
        _comparison(result["comparison"]),
        "<h2>Both, figure by figure</h2>",
        *(_bars(row) for row in result["comparison"] if row["stock"]),
        "<h2>A long conversation, turn by turn</h2>",
        _lines(result["turns"]),
        "<h2>Every round</h2>",
        _rounds(result["rounds"]),
    ]
    return "\n".join(parts)


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _comparison(rows: list[dict[str, Any]]) -> str:
    head = "".join(
        f"<th>{name}</th>"
        for name in ("figure", "unit", "ours", "stock", "ratio", "must", "aim", "")
    )
    body = "".join(
        f"<tr><td>{escape(row['figure'])}</td><td>{row['unit']}</td>"
        + "".join(
            f"<td>{_text(row[key])}</td>"
            for key in ("ours", "stock", "ratio", "must", "aim")
        )
        + f"<td class='{row['verdict']}'>{row['verdict']}</td></tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _bars(row: dict[str, Any]) -> str:
    widest = max(row["ours"] or 0, row["stock"] or 0) or 1
    bars = ""
    for place, name in enumerate(("ours", "stock")):
        width = 480 * (row[name] or 0) / widest
        top = place * 24
        bars += (
            f"<text x='0' y='{top + 15}'>{name}</text>"
            f"<rect x='60' y='{top + 2}' width='{width:.0f}' height='18' "
            f"fill='{COLOURS[name]}'/>"
            f"<text x='{66 + width:.0f}' y='{top + 15}'>{_text(row[name])} "
            f"{row['unit']}</text>"
        )
    return (
        f"<h3>{escape(row['figure'])}</h3><svg width='680' height='50' role='img' "
        f"aria-label='{escape(row['figure'], quote=True)}'>{bars}</svg>"
    )


def _lines(turns: dict[str, list[float]]) -> str:
    """Milliseconds over turns; medians of ten, so that one slow turn hides nothing."""
    smooth = {
        name: [sorted(values[i : i + 10])[5] for i in range(0, len(values) - 9, 10)]
        for name, values in turns.items()
    }
    smooth = {name: values for name, values in smooth.items() if values}
    highest = max((max(values) for values in smooth.values()), default=1)
    drawn = ""
    for place, (name, values) in enumerate(smooth.items()):
        step = 600 / max(len(values) - 1, 1)
        points = " ".join(
            f"{60 + i * step:.0f},{210 - 190 * value / highest:.0f}"
            for i, value in enumerate(values)
        )
        drawn += (
            f"<polyline points='{points}' fill='none' stroke-width='2' "
            f"stroke='{COLOURS[name]}'/><text x='{70 + 90 * place}' y='14' "
            f"style='fill:{COLOURS[name]}'>{name}</text>"
        )
    longest = max((len(values) for values in turns.values()), default=0)
    return (
        "<svg width='680' height='240' role='img' aria-label='latency over turns'>"
        f"<text x='0' y='25'>{highest:.0f} ms</text><text x='0' y='212'>0</text>"
        "<line x1='60' y1='210' x2='660' y2='210' stroke='#999'/>"
        f"<text x='60' y='228'>turn 1</text><text x='590' y='228'>turn {longest}</text>"
        f"{drawn}</svg>"
    )


def _rounds(rounds: dict[str, list[dict[str, float]]]) -> str:
    tables = ""
    for name, entries in rounds.items():
        if not entries:
            continue
        head = "".join(f"<th>{escape(key)}</th>" for key in entries[0])
        body = "".join(
            "<tr><td>{}</td>{}</tr>".format(
                number, "".join(f"<td>{_text(value)}</td>" for value in entry.values())
            )
            for number, entry in enumerate(entries, start=1)
        )
        tables += f"<h3>{name}</h3><table><tr><th>round</th>{head}</tr>{body}</table>"
    return tables
