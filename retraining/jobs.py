"""Trainings in the background: one at a time, watched, cancelled, never half done.

A job is a folder ``<home>/jobs/<id>/`` with its state and its log. The work is done by
a process of its own (``retraining.job_worker``) that outlives who started it. Killed at
any time, it leaves a whole candidate or none, and is shown as dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from retraining.examples import ROOT
from retraining.places import BusyError, Places
from retraining.process_age import age_of, born_at

STATE_FILE, PROCESS_FILE = "job.json", "process.json"
LOG_FILE, LOCK_FILE = "job.log", ".training"
TRAFFIC_FILE = "traffic.jsonl"  # in a job's folder: is replayed under both models
RUNNING, DONE, FAILED = "running", "done", "failed"
CANCELLED, DEAD = "cancelled", "dead"
WORKER = (sys.executable, "-m", "retraining.job_worker")
SECONDS_TO_STOP = 5.0
SECONDS_TO_BEGIN = 10.0
SECONDS_TO_LET_GO = 3.0
MOST_KEPT = 50


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


def start(
    places: Places,
    *,
    actor: str,
    proposal: str | None = None,
    compare: bool = True,
    worker: Sequence[str] = WORKER,
) -> Job:
    """Starts a training in the background and returns at once.

    Args:
        places: of the installation.
        actor: who wants it.
        proposal: its id; None to train the project as it is.
        compare: compare with the live model afterwards.
        worker: the command that does the work, without the job's folder.

    Raises:
        BusyError: if a training runs already.
    """
    places.jobs.mkdir(parents=True, exist_ok=True)
    with (places.jobs / LOCK_FILE).open("a") as lock:
        # Handed on to the worker, whose end frees it, whatever ends it.
        _lock_out_others(places, lock.fileno())
        now = datetime.now(UTC)
        job = Job(
            id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            actor=actor,
            proposal=proposal,
            started_at=now.isoformat(timespec="seconds"),
            expected_seconds=_last_seconds(places),
            compare=compare,
        )
        job = _begin(places, job, worker, lock.fileno())
    _forget_old(places)
    return job


def _lock_out_others(places: Places, lock: int) -> None:
    """Takes the lock of all trainings; one that was just killed may still hold it.

    Raises:
        BusyError: if a training runs already.
    """
    until = time.monotonic() + SECONDS_TO_LET_GO
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if current(places) or time.monotonic() > until:
                words = "A training runs already. Wait, or cancel it."
                raise BusyError(words) from error
            time.sleep(0.05)


def _begin(places: Places, job: Job, worker: Sequence[str], lock: int) -> Job:
    """Starts the process of a job, which holds the lock from now on."""
    folder = places.jobs / job.id
    folder.mkdir()
    save(places, job)
    # Without Rasa's progress bars, which would be most of the log.
    own = {"CLINIC_HOME": str(places.home), "LOG_LEVEL": "WARNING"}
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            [*worker, str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
            env=os.environ | own,
        )
    job = replace(job, pid=process.pid, born=born_at(process.pid))
    # Beside the state, which is the process's own to write from now on.
    file = folder / PROCESS_FILE
    file.write_text(json.dumps([job.pid, job.born]), encoding="utf-8")
    return job


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


def cancel(places: Places, job_id: str) -> Job:
    """Ends a training; nothing of it stays but its log.

    Raises:
        JobError: if there is no such training, or it does not run.
    """
    job = read(places, job_id)
    if not job.is_running or not job.pid:
        raise JobError(f"{job_id}: this training does not run any more.")
    for number, seconds in (
        (signal.SIGTERM, SECONDS_TO_STOP),
        (signal.SIGKILL, SECONDS_TO_STOP),
    ):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until and _is_process_of(job):
            time.sleep(0.05)
    job = read(places, job_id)
    if job.state in (RUNNING, DEAD):
        job = replace(job, state=CANCELLED, error="", ended_at=_now())
        save(places, job)
    return job


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
        return _is_process_of(job)
    # Between the state's writing and the process's start.
    return age_of(file) < SECONDS_TO_BEGIN


def _is_process_of(job: Job) -> bool:
    # A child of ours that has ended waits for this.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(job.pid, os.WNOHANG)
    return bool(job.born) and born_at(job.pid) == job.born


def _last_seconds(places: Places) -> int:
    for job in all_jobs(places):
        if job.state == DONE and job.ended_at:
            return round(job.seconds)
    return 0


def _forget_old(places: Places) -> None:
    for job in all_jobs(places)[MOST_KEPT:]:
        shutil.rmtree(places.jobs / job.id, ignore_errors=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
