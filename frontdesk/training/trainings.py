"""Trainings of proposals in the background: start one, see how far it is, end it.

``worker`` does the work, one at a time, in a process of its own that outlives this one;
``retraining.jobs`` keeps state and log in files. Called by the pages.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404

from frontdesk.audit.ledger import record
from frontdesk.staff.models import Person
from frontdesk.training.corrections import RefusedError
from retraining import job_processes, jobs
from retraining.jobs import Job, JobError
from retraining.places import BusyError, Places
from retraining.proposal_folder import SUBMITTED
from retraining.proposals import Proposal
from retraining.whole_file import write_whole

WORKER = (sys.executable, "-W", "ignore", "-m", "frontdesk.training.worker")
DAYS = (14, 7, 30, 0)  # of messages that are replayed; the first is the usual
STATES = {
    jobs.RUNNING: "At work",
    jobs.DONE: "Done",
    jobs.FAILED: "Failed",
    jobs.CANCELLED: "Cancelled",
    jobs.DEAD: "Ended from outside",
}


@dataclass(frozen=True)
class Training:
    """A training as its pages show it."""

    job: Job

    @property
    def state(self) -> str:
        """In plain words."""
        return STATES[self.job.state]

    @property
    def began(self) -> datetime:
        """When it was started."""
        return datetime.fromisoformat(self.job.started_at)

    @property
    def minutes(self) -> str:
        """How long it has taken."""
        return _minutes(self.job.seconds)

    @property
    def left(self) -> str:
        """How long it will probably take, by the last one; empty if unknown."""
        left = self.job.expected_seconds - self.job.seconds
        return f"about {_minutes(left)} left" if left > 0 else ""


def here() -> Places:
    """The folders of this installation."""
    return Places(settings.ROOT, settings.MODELS, settings.CLINIC_HOME)


def start(person: Person, proposal: Proposal, days: str) -> Job:
    """Begins to train a proposal and to compare the model with the live one.

    Args:
        person: who wants it.
        proposal: must be submitted.
        days: of patients' messages to be replayed under both models, as in the form.

    Raises:
        RefusedError: if it can't begin now.
    """
    if proposal.state != SUBMITTED:
        raise RefusedError("Submit the proposal first: only then it can be trained.")
    if days not in map(str, DAYS):
        raise RefusedError("Choose how many days of messages to replay.")
    try:
        job = job_processes.start(
            here(), actor=person.name, proposal=proposal.id, worker=(*WORKER, days)
        )
    except BusyError as error:
        raise RefusedError(str(error)) from error
    about = {"job": job.id, "replayed_days": int(days)}
    record(person, "train", f"proposal {proposal.id}", **about)
    return job


def cancel(person: Person, job: Job) -> None:
    """Ends a training; nothing of it stays but its log.

    Raises:
        RefusedError: if it does not run any more.
    """
    try:
        job_processes.cancel(here(), job.id)
    except JobError as error:
        raise RefusedError("This training has ended already.") from error
    remove_traffic()
    subject = f"proposal {job.proposal}" if job.proposal else f"training {job.id}"
    record(person, "cancel training", subject, job=job.id)


def find(job_id: str) -> Job:
    """A training by its id.

    Raises:
        Http404: if there is none.
    """
    try:
        return jobs.read(here(), job_id)
    except JobError as error:
        raise Http404 from error


def last_of(proposal_id: str) -> tuple[Training | None, Training | None]:
    """The last training of a proposal, and what runs now, be it that or another."""
    every = jobs.all_jobs(here())
    own = next((job for job in every if job.proposal == proposal_id), None)
    now = next((job for job in every if job.is_running), None)
    return (Training(own) if own else None), (Training(now) if now else None)


def running() -> Training | None:
    """What is being trained now."""
    job = jobs.current(here())
    return Training(job) if job else None


def remove_traffic() -> None:
    """Removes messages of patients that a killed training has left in its folder."""
    for file in here().jobs.glob(f"*/{jobs.TRAFFIC_FILE}"):
        file.unlink(missing_ok=True)


def leave_out(conversation: str) -> None:
    """An erased conversation leaves the messages that wait to be replayed.

    Args:
        conversation: its id.
    """
    for file in here().jobs.glob(f"*/{jobs.TRAFFIC_FILE}"):
        with suppress(FileNotFoundError):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if conversation not in line]
            write_whole(file, "".join(kept))


def _minutes(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
