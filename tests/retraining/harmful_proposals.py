"""The harmful proposals of ``harmful/`` and ``harmful_more/``, as overlays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retraining.examples import read_folder

FOLDER = Path(__file__).with_name("harmful")
# Found by trying to get past the checks; each of them did so once, or nearly.
MORE = Path(__file__).with_name("harmful_more")
HEAD = 'version: "3.1"\nnlu:\n'


@dataclass(frozen=True)
class Harmful:
    """One of them."""

    name: str
    content: dict[str, Any]

    @property
    def harm(self) -> str:
        return self.content["harm"]

    @property
    def needs(self) -> str:
        """Nothing, the live model, or a training."""
        return self.content.get("needs", "")

    @property
    def expected(self) -> set[str]:
        """Codes of reasons of which one must be given."""
        expect = self.content["expect"]
        return {expect} if isinstance(expect, str) else set(expect)

    def overlay(self, root):
        """Relative paths and new texts."""
        files = dict(self.content.get("write", {}))
        for name, (old, new) in self.content.get("replace", {}).items():
            text = (root / name).read_text(encoding="utf-8")
            assert old in text, f"{self.name}: {name} holds no '{old}'"
            files[name] = text.replace(old, new, 1)
        for intent, texts in self.content.get("add", {}).items():
            files[f"data/nlu/{intent}_harmful.yml"] = block(intent, texts)
        if flood := self.content.get("flood"):
            texts = [f"nobody asks this {n}" for n in range(flood["count"])]
            name = f"data/nlu/{flood['intent']}_harmful.yml"
            files[name] = block(flood["intent"], texts)
        if drop := self.content.get("drop"):
            files |= without(root, drop["intent"], drop["count"])[0]
        if move := self.content.get("move"):
            kept, gone = without(root, move["from"], move["count"])
            name = f"data/nlu/{move['to']}_harmful.yml"
            files |= kept | {name: block(move["to"], gone)}
        return files


def block(intent, texts):
    lines = "".join(f"    - {text}\n" for text in texts)
    return f"{HEAD}- intent: {intent}\n  examples: |\n{lines}"


def without(root, intent, count):
    """Files without the first examples of an intent, and those examples."""
    chosen = [e for e in read_folder(root / "data" / "nlu") if e.intent == intent]
    files: dict[str, str] = {}
    for example in chosen[:count]:
        name = example.file.relative_to(root).as_posix()
        text = files.get(name) or example.file.read_text(encoding="utf-8")
        files[name] = text.replace(f"    - {example.text}\n", "", 1)
    return files, [example.text for example in chosen[:count]]


def all_harmful(folder=FOLDER):
    return [
        Harmful(file.stem, yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in sorted(folder.glob("*.yml"))
    ]
