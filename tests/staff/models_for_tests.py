"""An installation with a submitted proposal, and comparisons as tests want them."""

import time
from datetime import UTC, datetime

from retraining import comparison as kept
from retraining import jobs
from retraining.candidates import read_candidate
from retraining.changes import live_content
from retraining.compare_page import write_page
from retraining.comparison import Change, Comparison, Figures
from retraining.gate import reasons
from retraining.job_worker import Worker
from retraining.paired_test import Pairs
from retraining.proposal_folder import SUBMITTED
from retraining.proposals import Proposal
from retraining.registry import read
from tests.retraining.crashes import FILE, fake_train, lesson, set_up
from tests.retraining.tiny_models import places_in

BETTER = Change(
    "m-1", "choose", "messy_wording", "faq cost",
    "not_understood: nothing", "faq: cost", "better",
)  # fmt: skip
WORSE = Change(
    "m-2", "report", "messy_wording", "faq history",
    "faq: history", "faq: cost + payment_options, with the gentle line", "worse",
)  # fmt: skip
TEXTS = {"m-1": "what does it all come to", "m-2": "who came up with <it>"}
LATENCY = {
    "live": {"n": 150, "p50": 11.0, "p95": 20.0},
    "candidate": {"n": 150, "p50": 12.0, "p95": 22.0},
}
# Two people may set this aside; nobody may set aside the other one.
POISON = {"code": "flood", "words": "Too many.", "do": "Fewer.",
          "can_be_overridden": True}  # fmt: skip
MISSED = {"text": "i want out", "kind": "x", "must": "urgent", "was": "crisis: "
          "self_harm", "now": "faq: cost"}  # fmt: skip


def installation(folder):
    """A small project with a live model."""
    places = places_in(folder)
    set_up(places)
    return places


def submitted(places, number=1, title="How people ask for the cost"):
    """A proposal that can be trained."""
    new = Proposal.create(places.home, title, "Ann", root=places.root)
    new.edit(FILE, lesson(number), "Ann")
    new.move_to(SUBMITTED, "Ann")
    return new


def train(places, proposal, **parts):
    """The model of a proposal, compared with the live one; gives its name."""
    job = jobs.Job(
        id=f"job-{time.time_ns()}",
        actor="Ann",
        proposal=proposal.id,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        compare=False,
    )
    (places.jobs / job.id).mkdir(parents=True)
    worker = Worker(places, job)
    worker.run(fake_train)
    compared(places, worker.job.model, **parts)
    return worker.job.model


def state_of(places, proposal):
    return Proposal.load(proposal.folder, root=places.root).state


def live_id(places):
    return live_content(places)["model"]["id"]


def events(places):
    return [(entry.event, entry.model) for entry in read(places)]


def figures(share=0.93):
    return [
        _figures("topic_clinic", "General questions: right topic", 800, share, 9, 2),
        _figures("topic_wrong", "A wrong topic", 800, 0.97, 3, 1, at_most=True),
        _figures("medical_all", "Medical questions: handed off", 600, 0.995, 1, 1),
        _figures("crisis_urgent", "Crisis: urgent reply", 300, 0.99, 1, 0),
        _figures("turns_right", "Turns: right", 240, share - 0.02, 1, 0),
    ]


def _figures(name, title, n, share, better, worse, group="figure", **more):
    both = round(n * share) - better
    return Figures(name, title, group, Pairs(n, both, worse, better), **more)


def compared(places, name, *, share=0.93, **parts):
    """A comparison of a model with the live one, kept as a real one is."""
    now = datetime.now(UTC)
    candidate = read_candidate(places.models, name)
    values = {
        "figures": figures(share),
        "routes": [_figures("faq", "faq", 900, share, 8, 3, "route")],
        "topics": [_figures("faq/cost", "cost", 40, 0.9, 3, 0, "topic")],
        "changes": [WORSE, BETTER],
        "locked": {**kept.no_locked_cases(), "n": 150, "live": 150, "candidate": 150},
        "stories": {**kept.no_stories(), "n": 90, "live": 88, "candidate": 89},
        "latency": LATENCY,
    }
    found = Comparison(
        id=f"{now:%Y%m%d-%H%M%S}-{now:%f}",
        created_at=now.isoformat(timespec="seconds"),
        live=live_id(places),
        candidate=name,
        candidate_sha256=candidate.sha256,
        proposal=candidate.proposal,
        **(values | parts),
    )
    against = [reason.as_json() for reason in reasons(found)]
    found = Comparison(**{**vars(found), "reasons": against})
    folder = kept.save(places, found)
    kept.save_texts(places, found, TEXTS)
    page = write_page(found, TEXTS, kept.all_comparisons(places))
    (folder / kept.PAGE).write_text(page, encoding="utf-8")
    return found
