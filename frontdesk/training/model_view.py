"""A trained model as the pages show it: judged by the gate, tried, live."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import Http404

from frontdesk.training import comparison_view
from frontdesk.training.drafts import proposals
from frontdesk.training.models import SetAside
from frontdesk.training.releasing import SHARES
from frontdesk.training.trainings import here
from retraining import comparison as kept
from retraining import registry
from retraining.candidate_files import read_files
from retraining.candidates import Candidate, CandidateError, all_candidates
from retraining.candidates import read_candidate as read
from retraining.changes import live_content
from retraining.comparison import Comparison
from retraining.gate import Reason
from retraining.proposal_items import ItemError
from retraining.proposals import Proposal
from retraining.release import GateError, verdict
from retraining.taking_back import models_before
from safety.live_model import LiveModelError

ID_OF_PROPOSAL = len("20261123-120000-")


@dataclass(frozen=True)
class Name:
    """What people call a model: what it was trained for, and when."""

    id: str
    title: str
    at: datetime | None = None
    proposal: str = ""  # that it was trained for, if that is still there


@dataclass(frozen=True)
class ModelView:
    """One model, with all that its page and its proposal's page say of it."""

    candidate: Candidate
    name: Name
    is_live: bool = False
    share: int = 0  # percent of new conversations, while it is tried
    before: Name | None = None  # where a roll-back leads, if it is live
    comparison: Comparison | None = None
    is_current: bool = False  # compared with what is live now
    reasons: tuple[Reason, ...] = ()
    asked: SetAside | None = None
    since: registry.Entry | None = None  # that made it what it is now
    shares: tuple[int, ...] = field(default=SHARES)

    @property
    def is_open(self) -> bool:
        """Whether it may go live."""
        return self.is_current and not self.reasons

    @property
    def can_be_set_aside(self) -> bool:
        """Whether two people could take its reasons on themselves."""
        can = all(reason.can_be_overridden for reason in self.reasons)
        return self.is_current and bool(self.reasons) and can

    @property
    def has_p(self) -> bool:
        """Whether a reason names a probability, which the page then explains."""
        return any("p = " in reason.words for reason in self.reasons)

    @cached_property
    def facts(self) -> list[str]:
        """What the comparison says, in sentences."""
        return comparison_view.facts(self.comparison) if self.comparison else []

    @property
    def at(self) -> datetime | None:
        """Since when it is live or tried."""
        return datetime.fromisoformat(self.since.at) if self.since else None


class Names:
    """Calls models by the titles of their proposals; reads each file once."""

    def __init__(self) -> None:
        """Reads proposals and models of this installation."""
        self._titles = {each.id: each.title for each in proposals()}
        self.candidates = {each.id: each for each in all_candidates(here().models)}

    def of(self, model: str) -> Name:
        """The name of a model, also of one that is gone."""
        found = self.candidates.get(model)
        if found is None:  # pruned; its name ends with that of its proposal
            return Name(model, self._titles.get(model[ID_OF_PROPOSAL:], model))
        proposal = found.proposal if found.proposal in self._titles else None
        title = self._titles[proposal] if proposal else "The assistant as it was set up"
        at = datetime.fromisoformat(found.created_at)
        return Name(model, title, at, proposal or "")


def find(name: str) -> Candidate:
    """A model by its id.

    Raises:
        Http404: if there is none.
    """
    try:
        return read(here().models, name)
    except CandidateError as error:
        raise Http404 from error


def live_now() -> dict[str, Any]:
    """What ``live.json`` says; empty if nothing was promoted, ``trouble`` if broken."""
    try:
        return live_content(here()) or {}
    except LiveModelError as error:
        return {"trouble": str(error)}


def view_of(candidate: Candidate, names: Names | None = None) -> ModelView:
    """Everything about a model."""
    names = names or Names()
    live = live_now()
    entries = registry.read(here())
    canary = live.get("canary") or {}
    is_live = (live.get("model") or {}).get("id") == candidate.id
    is_tried = canary.get("id") == candidate.id
    gone_back = models_before(entries) if is_live else []
    before = [each for each in gone_back if each in names.candidates]
    judged = _judged(candidate) if not is_live else {}
    comparison = judged.get("comparison") or kept.newest_of(here(), candidate.id, None)
    return ModelView(
        candidate=candidate,
        name=names.of(candidate.id),
        is_live=is_live,
        share=round(canary.get("share", 0) * 100) if is_tried else 0,
        before=names.of(before[0]) if before else None,
        comparison=comparison,
        is_current="comparison" in judged,
        reasons=judged.get("reasons", ()),
        asked=_asked(candidate.id, comparison),
        since=_since(entries, candidate.id) if is_live or is_tried else None,
    )


def of_proposal(found: Proposal) -> tuple[ModelView | None, bool]:
    """The newest model of a proposal, and whether it was changed since."""
    names = Names()
    mine = [each for each in names.candidates.values() if each.proposal == found.id]
    if not mine:
        return None, False
    newest = max(mine, key=lambda each: each.created_at)
    view = view_of(newest, names)
    return view, not view.is_live and _has_changed(found, newest)


def _judged(candidate: Candidate) -> dict[str, Any]:
    try:
        found = verdict(here(), candidate.id)
    except (GateError, CandidateError, LiveModelError):
        return {}
    return {"comparison": found.comparison, "reasons": found.reasons}


def _asked(model: str, comparison: Comparison | None) -> SetAside | None:
    if comparison is None:
        return None
    waits = SetAside.objects.filter(model=model, state=SetAside.State.WAITS)
    return waits.filter(comparison=comparison.id).select_related("author").first()


def _since(entries: list[registry.Entry], model: str) -> registry.Entry | None:
    events = (registry.CANARY, *registry.SWITCHES)
    mine = (e for e in reversed(entries) if e.model == model and e.event in events)
    return next(mine, None)


def _has_changed(found: Proposal, candidate: Candidate) -> bool:
    try:
        _, trained_on = read_files(here().models / candidate.id)
        return found.files != trained_on
    except (CandidateError, ItemError):
        return True
