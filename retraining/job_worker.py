"""The process of one training: ``python -m retraining.job_worker <folder of the job>``.

Started by ``retraining.job_processes``, which has locked out all others.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from retraining import jobs
from retraining.build import Train, build
from retraining.candidates import new_id, remove_drafts
from retraining.jobs import Job
from retraining.places import BusyError, Places, places
from retraining.proposal_folder import folder_of
from retraining.proposals import Proposal
from retraining.pruning import prune
from safety.live_model import LiveModelError

NICE = 10  # patients' messages come first on the same processors


class Cancelled(KeyboardInterrupt):
    """Somebody has cancelled the training."""


class Worker:
    """Does a job and keeps its state file true."""

    def __init__(self, where: Places, job: Job) -> None:
        """Begins with the state that ``job_processes.start`` has written."""
        self._places = where
        self.job = job

    def say(self, percent: int, phase: str) -> None:
        """Progress; a bar never goes back."""
        self.note(percent=max(percent, self.job.percent), phase=phase)
        print(f"{percent:3d} % {phase}", flush=True)

    def note(self, **changed: Any) -> None:
        """Writes the state."""
        self.job = replace(self.job, **changed)
        jobs.save(self._places, self.job)

    def run(self, train: Train | None = None) -> None:
        """Trains, and compares with the live model."""
        where, job = self._places, self.job
        remove_drafts(where.models)
        for left in where.home.glob("training-*"):
            shutil.rmtree(left, ignore_errors=True)
        proposal = None
        if job.proposal:
            folder = folder_of(where.home, job.proposal)
            proposal = Proposal.load(folder, root=where.root)
        name = new_id(job.proposal)
        share = 0.6 if job.compare else 1.0
        candidate = build(
            where,
            name,
            proposal,
            author=job.actor,
            say=lambda percent, phase: self.say(round(percent * share), phase),
            train=train,
        )
        self.note(model=candidate.id)
        if job.compare:
            from retraining.compare import compare

            traffic = where.jobs / job.id / jobs.TRAFFIC_FILE
            comparison = compare(
                where,
                candidate.id,
                traffic=traffic if traffic.is_file() else None,
                say=lambda percent, phase: self.say(60 + round(percent * 0.4), phase),
            )
            self.note(comparison=comparison.id)
        self._remove_old_models()
        self.note(state=jobs.DONE, percent=100, phase="Done", ended_at=_now())

    def _remove_old_models(self) -> None:
        """What can't be removed now is removed after the next training."""
        try:
            for name in prune(self._places):
                print(f"Removed the model {name}: nothing needs it.", flush=True)
        except (BusyError, LiveModelError, OSError) as error:
            print(f"No old model is removed: {error}", flush=True)


def main(
    arguments: Sequence[str], train: Train | None = None, where: Places | None = None
) -> int:
    """The process; gives its exit code."""
    folder = Path(arguments[0])
    where = where or places()
    os.nice(NICE)
    job = Job(**json.loads((folder / jobs.STATE_FILE).read_text(encoding="utf-8")))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _cancel)
    return work(Worker(where, job), train)


def work(worker: Worker, train: Train | None = None) -> int:
    """Does the job, and notes how it ended; gives the exit code."""
    try:
        worker.run(train)
    except Cancelled:
        worker.note(state=jobs.CANCELLED, ended_at=_now())
        return 1
    except Exception as error:
        logging.basicConfig()
        logging.getLogger(__name__).exception("The training failed.")
        words = str(error) or type(error).__name__
        worker.note(state=jobs.FAILED, error=words, ended_at=_now())
        return 1
    return 0


def _cancel(number: int, frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    raise Cancelled


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
