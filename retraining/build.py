"""Trains a candidate: the project with a proposal laid over it, into ``models/<id>/``.

Called by ``retraining.job_worker`` in a process of its own. Same data, same model.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from retraining import train as training
from retraining import vector_cache
from retraining.candidate_files import write_files
from retraining.candidates import Candidate, draft_of, finish
from retraining.places import Places
from retraining.train import STAMP_FILE, fingerprint_of_model
from retraining.training_progress import Say, told
from safety.live_model import ARCHIVE_FILE

Train = Callable[..., Path]


class Proposed(Protocol):
    """What is asked of a proposal here (``retraining.proposals``)."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def files(self) -> Mapping[str, str]:
        """Relative paths and new texts."""

    def materialize(self, into: Path) -> None:
        """Writes the whole project with its changes."""


def build(
    places: Places,
    name: str,
    proposal: Proposed | None,
    *,
    author: str,
    say: Say = lambda percent, phase: None,
    train: Train | None = None,
) -> Candidate:
    """Trains a candidate; minutes.

    Args:
        places: of the installation.
        name: of the candidate.
        proposal: None to train the project as it is.
        author: who wanted it.
        say: told of the progress.
        train: trains into a folder; ``retraining.train.train`` if left out.

    Raises:
        TrainingError: if Rasa gave no model.
    """
    places.home.mkdir(parents=True, exist_ok=True)
    folder = (
        tempfile.TemporaryDirectory(dir=places.home, prefix="training-")
        if proposal
        else nullcontext(str(places.root))
    )
    with folder as where, draft_of(places.models, name) as draft:
        root = Path(where)
        overlay = dict(proposal.files) if proposal else {}
        if proposal:
            say(1, "Writing the project with the proposal")
            proposal.materialize(root)
        model = _train(root, draft, places, say, train or training.train)
        model.rename(draft / ARCHIVE_FILE)
        write_files(draft, places.root, overlay)
        say(97, "Putting the model in its place")
        about = _about(name, draft, proposal, author)
        return finish(places.models, draft, about)


def _train(root: Path, draft: Path, places: Places, say: Say, train: Train) -> Path:
    with vector_cache.kept(root, places.home) as (texts, new):
        say(3, f"{texts} examples, {new} of them new")
        with told(say):
            return train(folder=draft, root=root)


def _about(name: str, draft: Path, proposal: Proposed | None, author: str) -> Candidate:
    stamp = json.loads((draft / STAMP_FILE.name).read_text(encoding="utf-8"))
    about = Candidate(
        id=name,
        fingerprint=fingerprint_of_model(draft) or "",
        sha256="",
        seconds=int(stamp["seconds"]),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        author=author,
    )
    return replace(about, proposal=proposal.id if proposal else None)
