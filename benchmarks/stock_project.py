"""The rival: what ``rasa init`` sets up, on this repository's data. Used by the bench.

Same examples, look-up tables, stories, rules and intents; the pipeline and policies
that Rasa 3.6.21 uses by default; the approved texts as plain responses of the domain.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.training import TrainingCost, run_training
from clinic.answers import AnswerLibrary
from clinic.facts import facts_of, fill
from clinic.profile import load_clinic

ROOT = Path(__file__).resolve().parent.parent
EPOCHS_OF_RASA_INIT = 100
DATA_FOLDERS = ("nlu", "rules", "stories")
FALLBACK_RULE = {
    "version": "3.1",
    "rules": [
        {
            "rule": "say that it was not understood (stock's own fallback)",
            "steps": [
                {"intent": "nlu_fallback"},
                {"action": "utter_not_understood"},
            ],
        }
    ],
}


def stock_config(epochs: int = EPOCHS_OF_RASA_INIT) -> dict[str, Any]:
    """Rasa's default pipeline and policies, with the seed fixed."""
    neural = {"epochs": epochs, "constrain_similarities": True, "random_seed": 42}
    return {
        "recipe": "default.v1",
        "language": "en",
        "assistant_id": "stock-rival",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {
                "name": "CountVectorsFeaturizer",
                "analyzer": "char_wb",
                "min_ngram": 1,
                "max_ngram": 4,
            },
            {"name": "DIETClassifier", **neural},
            {"name": "EntitySynonymMapper"},
            {"name": "ResponseSelector", **neural},
            {
                "name": "FallbackClassifier",
                "threshold": 0.3,
                "ambiguity_threshold": 0.1,
            },
        ],
        "policies": [
            {"name": "MemoizationPolicy"},
            {"name": "RulePolicy"},
            {
                "name": "UnexpecTEDIntentPolicy",
                "max_history": 5,
                "epochs": epochs,
                "random_seed": 42,
            },
            {"name": "TEDPolicy", "max_history": 5, **neural},
        ],
    }


def _plain_responses() -> dict[str, list[dict[str, str]]]:
    """Every approved text, clinic facts filled in, without conditions and metadata."""
    facts = facts_of(load_clinic(), datetime.now(UTC))
    library = AnswerLibrary()
    texts: dict[str, str] = {}
    for answer in library.all():
        if answer.name not in texts or not answer.conditions:
            texts[answer.name] = fill(answer.text, facts)
    # A brace that is left would be read as a slot.
    return {
        name: [{"text": text.replace("{", "(").replace("}", ")")}]
        for name, text in sorted(texts.items())
    }


def _without_clock(texts: dict[str, list[dict[str, str]]]) -> str:
    """What of the responses counts for the fingerprint: their names."""
    return json.dumps(sorted(texts))


def make_stock_project(folder: Path, *, epochs: int = EPOCHS_OF_RASA_INIT) -> str:
    """Writes the project afresh.

    Returns:
        The fingerprint of everything that the training reads.
    """
    shutil.rmtree(folder, ignore_errors=True)
    digest = hashlib.sha256()
    for name in DATA_FOLDERS:
        source = ROOT / "data" / name
        for file in sorted(source.rglob("*.yml")):
            target = folder / "data" / name / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = file.read_bytes()
            target.write_bytes(content)
            digest.update(f"{name}/{file.relative_to(source)}\n".encode() + content)
    config = stock_config(epochs)
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    digest.update(json.dumps([config, domain], sort_keys=True, default=str).encode())
    domain["responses"] = _plain_responses()
    digest.update(_without_clock(domain["responses"]).encode())
    _write(folder / "data" / "rules" / "stock_fallback.yml", FALLBACK_RULE)
    _write(folder / "config.yml", config)
    _write(folder / "domain.yml", domain)
    _write(folder / "credentials.yml", {"rest": {}})
    return digest.hexdigest()[:16]


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    file.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class StockModel:
    """A trained rival."""

    folder: Path
    cost: TrainingCost
    epochs: int
    note: str

    @property
    def model(self) -> Path:
        """The model's file."""
        return next((self.folder / "models").glob("*.tar.gz"))


def stock_model(
    python: Path,
    home: Path,
    *,
    epochs: int = EPOCHS_OF_RASA_INIT,
    reuse_any: bool = False,
) -> StockModel:
    """The rival for today's data: trained now (hours), or as kept from before.

    Args:
        python: the interpreter of the stock environment.
        home: where the trained rivals are kept, one folder for each fingerprint.
        epochs: of each neural component; ``rasa init`` says 100.
        reuse_any: takes the newest kept model though the data have changed since.
    """
    kept = sorted(home.glob("*/cost.json"), key=lambda file: file.stat().st_mtime)
    project = home / "new"
    fingerprint = make_stock_project(project, epochs=epochs)
    folder = home / fingerprint
    if (folder / "cost.json").exists():
        return _kept_model(folder, "trained earlier on the same data")
    if reuse_any and kept:
        return _kept_model(kept[-1].parent, "trained earlier on OLDER data")
    shutil.rmtree(folder, ignore_errors=True)
    project.rename(folder)
    rasa = [str(python), "-m", "rasa"]
    cost = run_training(
        [*rasa, "train", "--force"],
        folder,
        folder / "training.log",
        {"RASA_CACHE_DIRECTORY": str(folder / "cache")},
    )
    shutil.rmtree(folder / "cache", ignore_errors=True)
    text = json.dumps({**asdict(cost), "epochs": epochs})
    (folder / "cost.json").write_text(text, encoding="utf-8")
    return StockModel(folder, cost, epochs, "trained now")


def _kept_model(folder: Path, note: str) -> StockModel:
    cost = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    epochs = cost.pop("epochs")
    return StockModel(folder, TrainingCost(**cost), epochs, note)


def main() -> None:
    """Command line: trains the rival ahead of ``make bench``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stock_project")
    parser.add_argument("--epochs", type=int, default=EPOCHS_OF_RASA_INIT)
    made = stock_model(
        ROOT / "var" / "stock" / "bin" / "python",
        ROOT / "var" / "bench" / "stock",
        epochs=parser.parse_args().epochs,
    )
    sys.stdout.write(f"{made.model}: {made.note}, {made.cost}\n")


if __name__ == "__main__":
    main()
