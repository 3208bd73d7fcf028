"""Records what stock Rasa 3.6.21 (Python 3.10, TensorFlow) does with the lean project.

By hand, when the lean project changes (benchmarks/stock_environment.sh makes the
environment):
    var/stock/bin/python tests/compat/make_stock_record.py
writes ``stock_record.json``. ``test_stock_behaviour`` runs the same functions on our
base and compares. Runs on both, so nothing of this project is imported here.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "lean_project"
RECORD = HERE / "stock_record.json"
# Differ between any two runs.
RUN_KEYS = {"timestamp", "message_id", "model_id", "assistant_id", "input_channel"}


def read_conversations() -> dict[str, list[str]]:
    """The messages, by conversation."""
    import yaml

    text = (PROJECT / "conversations.yml").read_text(encoding="utf-8")
    conversations = yaml.safe_load(text)
    return {name: list(map(str, said)) for name, said in conversations.items()}


def train_project(folder: Path) -> Path:
    """Trains the lean project; models and Rasa's cache go below ``folder``."""
    from rasa.api import train

    before = Path.cwd()
    os.chdir(folder)
    try:
        result = train(
            str(PROJECT / "domain.yml"),
            str(PROJECT / "config.yml"),
            [str(PROJECT / "data")],
            output=str(folder),
            force_training=True,
        )
    finally:
        os.chdir(before)
    if result.model is None:
        raise SystemExit(f"{PROJECT}: the training made no model (code {result.code}).")
    return Path(result.model)


async def _converse(model: Path) -> list[dict[str, Any]]:
    from rasa.core.agent import Agent

    agent = Agent.load(str(model))
    turns = []
    for name, texts in read_conversations().items():
        seen = 0
        for text in texts:
            parse = await agent.parse_message(text)
            replies = await agent.handle_text(text, sender_id=name)
            tracker = await agent.tracker_store.retrieve(name)
            events = [event.as_dict() for event in tracker.events]
            turns.append(
                {
                    "conversation": name,
                    "text": text,
                    "intent": parse["intent"]["name"],
                    "ranking": [
                        [entry["name"], entry["confidence"]]
                        for entry in parse["intent_ranking"]
                    ],
                    "entities": _without(parse["entities"], RUN_KEYS),
                    "replies": replies,
                    "events": _without(events[seen:], RUN_KEYS),
                    "slots": tracker.current_slot_values(),
                }
            )
            seen = len(events)
    return json.loads(json.dumps(turns))


def _without(value: Any, keys: set[str]) -> Any:
    """A copy of nested data without what differs between any two runs."""
    if isinstance(value, dict):
        return {
            key: _without(kept, keys) for key, kept in value.items() if key not in keys
        }
    if isinstance(value, list):
        return [_without(entry, keys) for entry in value]
    return value


def record_project(folder: Path) -> list[dict[str, Any]]:
    """Trains, holds every conversation and tells turn by turn what happened."""
    model = train_project(folder)
    return asyncio.run(_converse(model))


def main() -> None:
    """Writes the record."""
    import rasa
    import sklearn

    with tempfile.TemporaryDirectory() as folder:
        turns = record_project(Path(folder))
    made_with = {
        "python": platform.python_version(),
        "rasa": rasa.__version__,
        "scikit-learn": sklearn.__version__,
    }
    record = {"made_with": made_with, "turns": turns}
    RECORD.write_text(
        json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{RECORD}: {len(turns)} turns\n")


if __name__ == "__main__":
    main()
