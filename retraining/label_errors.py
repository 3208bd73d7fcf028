"""Training examples that probably have the wrong intent, found offline.

Each example is judged by a classifier that has not seen it (five folds), and ranked by
confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70, "Confident Learning:
Estimating Uncertainty in Dataset Labels"): an example is suspect if another intent gets
at least the probability that this intent's own examples usually get. The library of its
authors, cleanlab, has a licence (AGPL-3.0) that would reach the whole product; the rank
is a page of code. ``python -m retraining.label_errors`` writes a file, which the page
*Likely mistakes* of the front desk shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from retraining.examples import ROOT, Example, read_folder
from retraining.whole_file import write_whole
from safety.encoder import shared_encoder

FILE = "label_errors.json"
FOLDS = 5
SEED = 7
STRENGTH = 10.0  # of the regression on vectors, as in safety.text_classifier
MOST = 300


@dataclass(frozen=True)
class Suspect:
    """An example that probably belongs to another intent."""

    text: str
    intent: str
    likely: str
    certainty: float  # how much likelier, from 0 to 1
    file: str
    line: int


def suspects(
    labels: Sequence[str], names: Sequence[str], probabilities: np.ndarray
) -> list[tuple[int, str, float]]:
    """Confident learning's off-diagonal examples, worst first.

    Args:
        labels: the intent that each example has.
        names: the intents in the order of the columns.
        probabilities: out of fold, one row an example.

    Returns:
        place of the example, likelier intent, and by how much: the probability of that
        intent minus the one of its own ("normalised margin").
    """
    column = {name: place for place, name in enumerate(names)}
    given = np.array([column[label] for label in labels])
    own = probabilities[np.arange(len(given)), given]
    # An intent's threshold: what its own examples get on average.
    thresholds = np.array(
        [own[given == place].mean() if (given == place).any() else 1.0
         for place in range(len(names))]
    )  # fmt: skip
    confident = np.where(probabilities >= thresholds, probabilities, 0.0)
    best = confident.argmax(axis=1)
    is_off = (confident.max(axis=1) > 0) & (best != given)
    margins = probabilities[np.arange(len(given)), best] - own
    found = [place for place in np.flatnonzero(is_off) if margins[place] > 0]
    found.sort(key=lambda place: -margins[place])
    return [(int(p), names[best[p]], round(float(margins[p]), 4)) for p in found]


def find(
    examples: Sequence[Example], *, root: Path = ROOT, most: int = MOST
) -> list[Suspect]:
    """The examples that probably have the wrong intent, worst first.

    Args:
        examples: of all intents; those with fewer than five are left out.
        root: which their files are named relative to.
        most: how many to give.
    """
    many = {e.intent for e in examples}
    counts = {name: sum(e.intent == name for e in examples) for name in many}
    kept = [e for e in examples if counts[e.intent] >= FOLDS]
    labels = [example.intent for example in kept]
    vectors = shared_encoder().encode_many([example.text for example in kept])
    names, probabilities = out_of_fold(vectors, labels)
    return [
        Suspect(
            kept[place].text,
            kept[place].intent,
            likely,
            certainty,
            kept[place].file.relative_to(root).as_posix(),
            kept[place].line,
        )
        for place, likely, certainty in suspects(labels, names, probabilities)[:most]
    ]


def out_of_fold(
    vectors: np.ndarray, labels: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    """Names of the intents, and for each example what one not trained on it says."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    model: Any = LogisticRegression(C=STRENGTH, max_iter=100, tol=1e-2)
    given = np.array(labels)
    found = cross_val_predict(model, vectors, given, cv=folds, method="predict_proba")
    return [str(name) for name in np.unique(given)], found


def write(home: Path, found: Sequence[Suspect], examples: int) -> Path:
    """Writes what the page of the front desk shows."""
    file = home / FILE
    made = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [asdict(suspect) for suspect in found]
    content = {"made_at": made, "examples": examples, "suspects": rows}
    write_whole(file, json.dumps(content, indent=1))
    return file


def read(home: Path) -> tuple[str, int, list[Suspect]] | None:
    """When it was made, of how many examples, and the suspects; None if never."""
    try:
        content = json.loads((home / FILE).read_text(encoding="utf-8"))
        found = [Suspect(**row) for row in content["suspects"]]
        return content["made_at"], content["examples"], found
    except (OSError, ValueError, KeyError, TypeError):
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m retraining.label_errors")
    parser.add_argument("--home", type=Path, default=ROOT / "var", help="CLINIC_HOME")
    parser.add_argument("--most", type=int, default=MOST, help="how many to list")
    options = parser.parse_args(arguments)
    examples = read_folder()
    print(f"{len(examples)} examples: vectors, then {FOLDS} folds; some minutes …")
    found = find(examples, most=options.most)
    file = write(options.home, found, len(examples))
    for suspect in found[:20]:
        print(
            f"{suspect.certainty:.2f} {suspect.file}:{suspect.line} '{suspect.text}': "
            f"{suspect.intent}, likely {suspect.likely}"
        )
    print(f"{len(found)} written to {file}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
