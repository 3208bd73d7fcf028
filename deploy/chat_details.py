"""What was understood and which text was given. Used by the terminal chat."""

from __future__ import annotations

from typing import Any


def detail_rows(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """What was understood and which text was given, for ``:details``."""
    parse = answer["parse"]
    entities = [
        f"{entity.get('entity')}={entity.get('value')}" for entity in parse["entities"]
    ]
    ranking = [
        f"{entry.get('name')} {entry.get('confidence', 0):.2f}"
        for entry in parse["ranking"]
    ]
    rows = [
        ("intent", f"{parse['intent']} ({parse['confidence']:.2f})"),
        ("ranking", "\n".join(ranking)),
        ("entities", ", ".join(entities)),
        ("safety", ", ".join(f"{k}: {v}" for k, v in parse["safety"].items() if v)),
    ]
    # Bubbles of one reply carry the same; each text is shown once.
    given = {(each["response"], each["version"]): each for each in answer["messages"]}
    for message in given.values():
        rows += [
            ("response", f"{message['response']}, version {message['version']}"),
            ("route", str(message["route"])),
            ("topic", str(message["topic"] or "")),
            ("check_in", "yes" if message["check_in"] else "no"),
            ("hand-off", str(message["handoff"] or "")),
            ("suggestions", ", ".join(message["suggestions"])),
        ]
    rows.append(("model", str(answer["model"])))
    return [(name, value or "-") for name, value in rows]
