"""The arithmetic of the load test."""

import statistics

MOST_RATIO = 1.5  # p95 of the reply over the stream, to that of the assistant alone


def percentile(values, percent):
    """By nearest rank; 0 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def figures(result):
    """What is printed and compared, out of what was seen."""
    alone, gateway = result["alone"], result["gateway"]
    found = {
        "messages": len(gateway["reply"]) + len(gateway["urgent"]),
        "messages_a_second": len(gateway["post"]) / result["seconds"],
        "errors": {**gateway["errors"], **_named("alone", alone["errors"])},
        "streams_lost": gateway["streams_lost"],
    }
    for name, values in (
        ("post", gateway["post"]),
        ("reply", gateway["reply"]),
        ("urgent", gateway["urgent"]),
        ("alone", alone["reply"]),
        ("alone_urgent", alone["urgent"]),
    ):
        for percent in (50, 95, 99):
            found[f"{name}_p{percent}"] = percentile(values, percent)
    best = found["alone_p95"]
    found["ratio_p95"] = found["reply_p95"] / best if best else 0.0
    for name, looks in gateway["usage"].items():
        found[f"memory {name}"] = memory(looks)
        found[f"processor {name}"] = processor(looks)
    found["processor patients"] = gateway.get("processor", 0.0)
    for name, looks in alone["usage"].items():
        found[f"processor alone {name}"] = processor(looks)
    found["processor alone patients"] = alone.get("processor", 0.0)
    return found


def memory(looks):
    """MB at the beginning, in the middle and at the end: medians of a tenth."""
    values = [look[1] for look in looks]
    if not values:
        return [0.0, 0.0, 0.0]
    size = max(1, len(values) // 10)
    middle = len(values) // 2
    parts = (values[:size], values[middle : middle + size], values[-size:])
    return [round(statistics.median(part), 1) for part in parts]


def processor(looks):
    """Cores in use, on average."""
    if len(looks) < 2 or looks[-1][0] <= looks[0][0]:
        return 0.0
    return round((looks[-1][2] - looks[0][2]) / (looks[-1][0] - looks[0][0]), 2)


def _named(prefix, errors):
    return {f"{prefix}: {name}": count for name, count in errors.items()}


def table(found):
    """The figures for the terminal."""
    lines = [f"{'milliseconds':34}{'p50':>8}{'p95':>8}{'p99':>8}"]
    for name, title in (
        ("alone", "the assistant alone"),
        ("alone_urgent", "the assistant alone, urgent"),
        ("post", "gateway: POST"),
        ("reply", "gateway: reply over the stream"),
        ("urgent", "gateway: urgent text"),
    ):
        values = (found[f"{name}_p{percent}"] for percent in (50, 95, 99))
        lines.append(f"{title:34}" + "".join(f"{value:8.0f}" for value in values))
    lines.append(f"p95 to p95 of the assistant alone: {found['ratio_p95']:.2f}")
    lines.append(
        f"{found['messages']} messages, {found['messages_a_second']:.1f} a second; "
        f"errors: {found['errors'] or 'none'}; streams lost: {found['streams_lost']}"
    )
    for name, value in found.items():
        if name.startswith("memory "):
            first, middle, last = value
            lines.append(f"{name}: {first:.0f} → {middle:.0f} → {last:.0f} MB")
        elif name.startswith("processor "):
            lines.append(f"{name}: {value:.2f} cores")
    return "\n".join(lines)
