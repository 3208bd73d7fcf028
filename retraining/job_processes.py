"""Starts trainings in the background and ends them: one at a time, never half done.

Each is a process of its own (``retraining.job_worker``) that outlives who started it.
Killed at any time, it leaves a whole candidate or none. Called by pages and commands.
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
from dataclasses import replace
from datetime import UTC, datetime

from retraining.examples import ROOT
from retraining.jobs import (
    CANCELLED,
    DEAD,
    DONE,
    LOG_FILE,
    PROCESS_FILE,
    RUNNING,
    Job,
    JobError,
    all_jobs,
    current,
    is_process_of,
    read,
    save,
)
from retraining.places import BusyError, Places
from retraining.process_age import born_at

LOCK_FILE = ".training"
WORKER = (sys.executable, "-m", "retraining.job_worker")
SECONDS_TO_STOP = 5.0
SECONDS_TO_LET_GO = 3.0
MOST_KEPT = 50


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
        while time.monotonic() < until and is_process_of(job):
            time.sleep(0.05)
    job = read(places, job_id)
    if job.state in (RUNNING, DEAD):
        job = replace(job, state=CANCELLED, error="", ended_at=_now())
        save(places, job)
    return job


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
