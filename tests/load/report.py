"""The report of the load test: one HTML file, nothing to load."""

from html import escape

from tests.load.figures import table

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
pre { overflow-x: auto; background: #f5f5f5; padding: 1rem; }
svg text { font: 13px system-ui, sans-serif; fill: #222; }
"""
COLOURS = ("#2a6f97", "#b08968", "#1b6e3c")


def page(result):
    """The whole page."""
    title = (
        f"{result['streams']} open streams, {result['rate']:g} messages a second, "
        f"{result['seconds']:.0f} seconds"
    )
    gateway, alone = result["gateway"], result["alone"]
    times = {"POST": gateway["post"], "reply over the stream": gateway["reply"]}
    memory = {
        name: [(at, used) for at, used, _ in looks]
        for name, looks in gateway["usage"].items()
    }
    return "\n".join(
        [
            "<!doctype html><html lang='en'><meta charset='utf-8'>",
            f"<title>Load</title><style>{STYLE}</style><h1>{escape(title)}</h1>",
            f"<p>{escape(result['machine'])} {escape(result['label'])}</p>",
            f"<pre>{escape(table(result['figures']))}</pre>",
            "<h2>Share of messages by milliseconds</h2>",
            lines(shares(times | {"the assistant alone": alone["reply"]}), "ms", "%"),
            "<h2>Memory</h2>",
            lines(memory, "s", "MB"),
        ]
    )


def shares(times):
    """How many percent took at most so long."""
    return {
        name: [
            (sorted(values)[len(values) * percent // 101], percent)
            for percent in range(101)
        ]
        for name, values in times.items()
        if values
    }


def lines(curves, across, up):
    """A plot of a few curves."""
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return "<p>Nothing was seen.</p>"
    right = max(x for x, _ in points) or 1
    top = max(y for _, y in points) or 1
    drawn = ""
    for place, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        path = " ".join(
            f"{60 + 600 * x / right:.0f},{210 - 190 * y / top:.0f}" for x, y in curve
        )
        drawn += (
            f"<polyline points='{path}' fill='none' stroke-width='2' "
            f"stroke='{colour}'/><text x='{70 + 190 * place}' y='14' "
            f"style='fill:{colour}'>{escape(name)}</text>"
        )
    return (
        f"<svg width='700' height='240' role='img' aria-label='{across}, {up}'>"
        f"<text x='0' y='25'>{top:.0f} {up}</text><text x='0' y='212'>0</text>"
        "<line x1='60' y1='210' x2='660' y2='210' stroke='#999'/>"
        f"<text x='590' y='228'>{right:.0f} {across}</text>{drawn}</svg>"
    )
