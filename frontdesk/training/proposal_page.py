"""One proposal as its page shows it: items with their origin, findings beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.inbox import labels
from frontdesk.training import trainings
from frontdesk.training.courses import ASSISTANT, PATIENT, Step
from frontdesk.training.intents import GROUPS, words_of
from frontdesk.training.model_view import of_proposal
from frontdesk.training.presenter import teachable
from retraining.check_tree import Problem
from retraining.proposal_folder import LIVE, OPEN, SUBMITTED
from retraining.proposal_items import (
    ExampleItem,
    Item,
    ItemError,
    MovedExample,
    StoryItem,
    TermItem,
    TestStoryItem,
)
from retraining.proposals import Proposal

HEADINGS = {
    ExampleItem.kind: "Examples",
    MovedExample.kind: "Examples that move",
    TermItem.kind: "Words",
    StoryItem.kind: "Stories",
    TestStoryItem.kind: "Test stories",
}
STATES = {
    "open": "Open: everybody who trains can add to it",
    "submitted": "Submitted: it can be trained",
    "live": "Live",
    "withdrawn": "Withdrawn",
}


@dataclass(frozen=True)
class Line:
    """One item in words."""

    item: Item
    title: str
    detail: str
    steps: list[tuple[str, str]]
    conversation: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """One finding, with the item that it is about if there is one."""

    is_error: bool
    where: str
    what: str
    do: str
    title: str


def page_of(found: Proposal) -> dict[str, Any]:
    """Everything on the page but the findings."""
    lines = [_line(item) for item in found.items]
    context: dict[str, Any] = {
        "proposal": found,
        "state": STATES[found.state],
        "is_open": found.state == OPEN,
        "history": [
            {**each, "at": datetime.fromisoformat(each["at"])} for each in found.history
        ],
        **next_of(found),
        "parts": [
            (heading, [line for line in lines if line.item.kind == kind])
            for kind, heading in HEADINGS.items()
            if any(line.item.kind == kind for line in lines)
        ],
        "ready": [row for row in teachable() if row.correction.is_confirmed],
        "groups": GROUPS,
    }
    try:
        context["diff"] = found.diff()
    except ItemError as error:
        context["broken"] = str(error)
    return context


def next_of(found: Proposal) -> dict[str, Any]:
    """What comes after a proposal is submitted: its training, its model."""
    if found.state not in (SUBMITTED, LIVE):
        return {}
    own, now = trainings.last_of(found.id)
    model, is_stale = of_proposal(found)
    is_mine = own is not None and own.job.is_running
    return {
        "training": own,
        "other_training": None if is_mine else now,
        "model": model,
        "is_stale": is_stale,
        "days": trainings.DAYS,
    }


def finding_lines(found: Proposal, problems: list[Problem]) -> list[Finding]:
    """The findings, each with the item on its line."""
    try:
        places = {f"{each.file}:{each.line}": each.item for each in found.lineage}
    except ItemError:
        places = {}
    return [
        Finding(
            problem.severity == "error",
            problem.where,
            problem.what,
            problem.do,
            _line(places[problem.where]).title if problem.where in places else "",
        )
        for problem in problems
    ]


def _line(item: Item) -> Line:
    title, detail, steps = "", "", list[tuple[str, str]]()
    if isinstance(item, ExampleItem):
        title, detail = item.text, words_of(item.intent)
    elif isinstance(item, MovedExample):
        right = words_of(item.right) if item.right else "taken out"
        title, detail = item.text, f"{words_of(item.wrong)} → {right}"
    elif isinstance(item, TermItem):
        title = item.text
        detail = f"{item.entity}, means {item.synonym or item.text}"
    elif isinstance(item, StoryItem):
        title, steps = item.title, [_step(step) for step in item.steps]
    elif isinstance(item, TestStoryItem):
        title = item.title
        steps = [(str(turn["patient"]), _should(turn)) for turn in item.turns]
    origin = item.origin
    return Line(item, title, detail, steps, origin.conversation, origin.messages)


def _step(step: dict[str, Any]) -> tuple[str, str]:
    if "action" in step:
        return "Assistant", Step(ASSISTANT, step["action"]).words
    about = [f"{k}: {v}" for e in step.get("entities") or [] for k, v in e.items()]
    words = Step(PATIENT, str(step.get("intent"))).words
    return "Patient", f"{words} ({', '.join(about)})" if about else words


def _should(turn: dict[str, Any]) -> str:
    if turn.get("topic"):
        return f"{labels.route(turn['route'])}: {labels.topic(turn['topic'])}"
    return labels.route(turn["route"])
