"""Trainings in the background: real processes, with a fake quick trainer."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from retraining import job_processes, jobs
from retraining.candidates import all_candidates
from retraining.job_worker import Worker, work
from retraining.places import BusyError
from retraining.proposals import Proposal
from retraining.train import TrainingError
from tests.retraining.crashes import FILE, lesson
from tests.retraining.tiny_models import places_in

WORKER = (sys.executable, "-W", "ignore", "-m", "tests.retraining.fake_worker")
SECONDS = 30


@pytest.fixture
def places(tmp_path):
    made = places_in(tmp_path)
    (made.root / FILE).parent.mkdir(parents=True)
    (made.root / FILE).write_text(lesson(0))
    return made


def start(places, kind="", **options):
    os.environ["FAKE_TRAINING"] = kind
    return job_processes.start(
        places, actor="Nora", compare=False, worker=WORKER, **options
    )


def wait(places, job, until=lambda job: not job.is_running):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        job = jobs.read(places, job.id)
        if until(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job}: {jobs.log_of(places, job.id)}")


def test_training_gives_a_candidate(places):
    proposal = Proposal.create(places.home, "a lesson", "Nora", root=places.root)
    proposal.edit(FILE, lesson(1), "Nora")

    job = wait(places, start(places, proposal=proposal.id))

    assert (job.state, job.percent, job.error) == (jobs.DONE, 100, "")
    (candidate,) = all_candidates(places.models)
    assert (candidate.id, candidate.proposal) == (job.model, proposal.id)
    assert candidate.author == "Nora"
    assert "a word in the log" in jobs.log_of(places, job.id)
    assert (places.root / FILE).read_text() == lesson(0)
    assert jobs.all_jobs(places)[0].id == job.id
    assert jobs.current(places) is None


def test_one_at_a_time_and_cancelled_without_a_trace(places):
    job = start(places, "slow")
    wait(places, job, lambda job: "a word in the log" in jobs.log_of(places, job.id))
    assert jobs.current(places).id == job.id
    with pytest.raises(BusyError, match="runs already"):
        start(places)

    cancelled = job_processes.cancel(places, job.id)

    assert cancelled.state == jobs.CANCELLED
    assert all_candidates(places.models) == []
    assert not list(places.models.glob("draft-*"))
    with pytest.raises(jobs.JobError, match="does not run"):
        job_processes.cancel(places, job.id)


def test_killed_training_is_shown_as_dead_and_the_next_one_cleans_up(places):
    job = start(places, "slow")
    wait(places, job, lambda job: "a word in the log" in jobs.log_of(places, job.id))
    os.kill(job.pid, signal.SIGKILL)

    dead = wait(places, job)

    assert dead.state == jobs.DEAD
    assert "start it again" in dead.error
    assert list(places.models.glob("draft-*"))
    assert all_candidates(places.models) == []
    assert wait(places, start(places)).state == jobs.DONE
    assert not list(places.models.glob("draft-*"))
    assert len(all_candidates(places.models)) == 1


def test_training_that_fails_says_why(places):
    def fails(*, folder, root):
        (folder / "half.tar.gz").write_text("half a model")
        raise TrainingError("Rasa gave no model.")

    job = jobs.Job("a-job", "Nora", None, started_at="2026-11-23T00:00:00+00:00")
    (places.jobs / job.id).mkdir(parents=True)
    jobs.save(places, job)

    assert work(Worker(places, job), fails) == 1

    job = jobs.read(places, job.id)
    assert (job.state, job.error) == (jobs.FAILED, "Rasa gave no model.")
    assert all_candidates(places.models) == []
    assert not list(places.models.glob("draft-*"))


@pytest.mark.parametrize("name", ["nowhere", "../x", ""])
def test_no_such_training(places, name):
    with pytest.raises(jobs.JobError, match="no such training"):
        jobs.read(places, name)
