"""Trainings as they are kept: how far each is, what came of it, its log.

A job is a folder ``<home>/jobs/<id>/`` with its state and its log. The work is done by
a process of its own (``retraining.job_worker``), started and ended by
``retraining.job_processes``. One that was killed is shown as dead.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from retraining.places import Places
from retraining.process_age import age_of, born_at

STATE_FILE, PROCESS_FILE = "job.json", "process.json"
LOG_FILE = "job.log"
TRAFFIC_FILE = "traffic.jsonl"  # in a job's folder: is replayed under both models
RUNNING, DONE, FAILED = "running", "done", "failed"
CANCELLED, DEAD = "cancelled", "dead"
SECONDS_TO_BEGIN = 10.0


class JobError(RuntimeError):
    """There is no such job, or it can't be done to it."""


@dataclass(frozen=True)
class Job:
    """One training, as its state file has it."""

    id: str
    actor: str
    proposal: str | None
    state: str = RUNNING
    phase: str = "Starting"
    percent: int = 0
    started_at: str = ""
    ended_at: str = ""
    expected_seconds: int = 0  # what the last one took
    compare: bool = True  # with the live model afterwards
    pid: int = 0
    born: str = ""  # tells the process from a later one with its number
    model: str = ""  # the candidate, once there is one
    comparison: str = ""
    error: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self.state == RUNNING

    @property
    def seconds(self) -> float:
        """How long it has taken so far, or in all."""
        began = datetime.fromisoformat(self.started_at)
        if not self.ended_at and not self.is_running:
            return 0.0
        ended = self.ended_at or datetime.now(UTC).isoformat()
        return (datetime.fromisoformat(ended) - began).total_seconds()


def read(places: Places, job_id: str) -> Job:
    """A job as it is now; one whose process is gone is dead.

    Raises:
        JobError: if there is none of this name.
    """
    file = places.jobs / Path(job_id).name / STATE_FILE
    try:
        job = Job(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise JobError(f"{job_id}: there is no such training.") from error
    with contextlib.suppress(OSError, ValueError):
        pid, born = json.loads((file.parent / PROCESS_FILE).read_text())
        job = replace(job, pid=pid, born=born)
    if not job.is_running or _is_alive(job, file):
        return job
    with contextlib.suppress(OSError, ValueError, TypeError):
        again = Job(**json.loads(file.read_text(encoding="utf-8")))
        if not again.is_running:  # it has ended between the two looks
            return replace(again, pid=job.pid, born=job.born)
    words = "The training was ended from outside. Nothing was changed; start it again."
    return replace(job, state=DEAD, error=words)


def all_jobs(places: Places) -> list[Job]:
    """Every job that is kept, newest first."""
    found = []
    for file in sorted(places.jobs.glob(f"*/{STATE_FILE}"), reverse=True):
        with contextlib.suppress(JobError):
            found.append(read(places, file.parent.name))
    return found


def current(places: Places) -> Job | None:
    """The training that runs now."""
    return next((job for job in all_jobs(places) if job.is_running), None)


def log_of(places: Places, job_id: str, lines: int = 200) -> list[str]:
    """The end of a job's log; empty if it has none."""
    file = places.jobs / Path(job_id).name / LOG_FILE
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def save(places: Places, job: Job) -> None:
    """Replaces a job's state, as a whole."""
    file = places.jobs / job.id / STATE_FILE
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(job), indent=1), encoding="utf-8")
    draft.replace(file)


def _is_alive(job: Job, file: Path) -> bool:
    if job.pid:
        return is_process_of(job)
    # Between the state's writing and the process's start.
    return age_of(file) < SECONDS_TO_BEGIN


def is_process_of(job: Job) -> bool:
    """Whether the process of a job is there."""
    # A child of ours that has ended waits for this.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(job.pid, os.WNOHANG)
    return bool(job.born) and born_at(job.pid) == job.born
