"""Kills train, promote and roll back at random points, and looks at what is left.

The trainer is a fake, quick one; everything around it is the real code. Each attempt is
a forked process, killed with -9 after a random time; then everything must be whole.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time

from retraining import jobs, registry
from retraining.adoption import adopt_last_training
from retraining.candidate_files import read_files
from retraining.candidates import all_candidates
from retraining.changes import changing, live_content, recover
from retraining.job_worker import Worker
from retraining.promote import promote, roll_back
from retraining.proposals import Proposal
from retraining.train import STAMP_FILE, fingerprint
from safety.live_model import DETECTOR_FILE, hash_of, read_live

FILE = "data/nlu/lesson.yml"
OTHER = "data/nlu/other.yml"
WHO = {"actor": "Nora", "reason": "a test"}


def fake_train(*, folder, root):
    """Learns the lesson by heart; writes what a training writes, slowly."""
    lesson = (root / FILE).read_text()
    archive = folder / "made.tar.gz"
    with archive.open("w") as stream:
        for _ in range(20):
            stream.write(lesson)
            stream.flush()
            time.sleep(0.001)
    (folder / DETECTOR_FILE).write_text(f"detector of {lesson}")
    stamp = {"fingerprint": fingerprint(root), "model": archive.name, "seconds": 1}
    (folder / STAMP_FILE.name).write_text(json.dumps(stamp))
    return archive


def set_up(places):
    """A project with one lesson and a last training that has learnt it."""
    for name in (FILE, OTHER):
        (places.root / name).parent.mkdir(parents=True, exist_ok=True)
        (places.root / name).write_text(lesson(0))
    archive = fake_train(folder=places.models, root=places.root)
    archive.rename(places.models / "20260101-000000.tar.gz")
    stamp = json.loads((places.models / STAMP_FILE.name).read_text())
    stamp["model"] = "20260101-000000.tar.gz"
    (places.models / STAMP_FILE.name).write_text(json.dumps(stamp))
    with changing(places):
        adopt_last_training(places)


def lesson(number):
    return f'version: "3.1"\n# lesson {number}\n'


def a_round(places, number):
    """Train on a proposal, promote, roll back, promote again."""
    proposal = Proposal.create(
        places.home, f"lesson {number}", "Nora", root=places.root
    )
    proposal.edit(FILE, lesson(number), "Nora")
    proposal.edit(OTHER, lesson(number), "Nora")
    job = jobs.Job(
        id=f"job-{number}-{time.time_ns()}",
        actor="Nora",
        proposal=proposal.id,
        started_at="2026-11-23T00:00:00+00:00",
        compare=False,
        pid=os.getpid(),
    )
    (places.jobs / job.id).mkdir(parents=True)
    worker = Worker(places, job)
    worker.run(fake_train)
    assert worker.job.state == jobs.DONE
    promote(places, worker.job.model, seconds=0, **WHO)
    roll_back(places, seconds=0, **WHO)
    promote(places, worker.job.model, seconds=0, **WHO)


def killed_round(places, number, after):
    """Does a round in a process of its own and kills it; says whether it was done."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            a_round(places, number)
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        assert os.waitstatus_to_exitcode(status) == 0, "the round itself failed"
    return not os.WIFSIGNALED(status)


def look(places):
    """Everything that must be true after a crash, before and after the repair."""
    before = read_live(places.models)
    before.model.check()  # whole at any time, even before anything is repaired
    recover(places)
    live = read_live(places.models)
    live.model.check()
    assert not places.journal.exists()
    for candidate in all_candidates(places.models):
        assert hash_of(places.models / candidate.id) == candidate.sha256
    last = registry.runs(registry.read(places))[-1]
    assert last.model == live.model.id == live_content(places)["model"]["id"]
    _, texts = read_files(live.model.folder)
    texts = texts or {FILE: lesson(0), OTHER: lesson(0)}
    for name in (FILE, OTHER):
        assert (places.root / name).read_text() == texts[name]
    made_of = json.loads((live.model.folder / STAMP_FILE.name).read_text())
    assert fingerprint(places.root) == made_of["fingerprint"]


def crash(places, kills, *, seed=7):
    """Rounds that are killed at random points, as many as asked for; gives how many
    rounds that took: some are done before they are killed.
    """
    set_up(places)
    began = time.monotonic()
    killed_round(places, 0, None)
    longest = time.monotonic() - began
    dice, killed, number = random.Random(seed), 0, 0
    while killed < kills:
        number += 1
        killed += not killed_round(places, number, dice.uniform(0, longest))
        look(places)
        for folder in places.home.glob("training-*"):
            shutil.rmtree(folder)
    a_round(places, number + 1)
    look(places)
    return number
