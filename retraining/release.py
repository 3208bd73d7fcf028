"""Asks the gate, then promotes. The one way from a candidate to patients.

Called by the command line and by the pages of the front desk.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from retraining import comparison as kept
from retraining.candidates import read_candidate
from retraining.changes import change_of, live_content
from retraining.comparison import Comparison
from retraining.gate import Override, OverrideError, Reason, check_override, reasons
from retraining.places import Places
from retraining.promote import Done, promote, roll_back, start_canary
from retraining.proposal_folder import LIVE, SUBMITTED, ProposalError, folder_of
from retraining.proposal_items import ItemError
from retraining.proposals import Proposal


class GateError(RuntimeError):
    """The gate is closed; the message says why and what to do."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a candidate now."""

    comparison: Comparison
    reasons: tuple[Reason, ...]

    @property
    def is_open(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    @property
    def can_be_overridden(self) -> bool:
        """Whether two people could set aside everything that does."""
        return all(reason.can_be_overridden for reason in self.reasons)


def verdict(places: Places, name: str) -> Verdict:
    """The gate's answer, from the newest comparison with what is live now.

    Raises:
        CandidateError: if there is no such candidate.
        GateError: if it was not compared with what is live, or changed since.
    """
    candidate = read_candidate(places.models, name)
    live = live_content(places)
    live_id = live["model"]["id"] if live else None
    comparison = kept.newest_of(places, name, live_id)
    if comparison is None or live_id is None:
        raise GateError(
            f"{name} was not compared with what is live now ({live_id or 'nothing'}): "
            f"run 'python -m retraining compare {name}'."
        )
    if comparison.candidate_sha256 != candidate.sha256:
        raise GateError(f"{name} is not the model that was compared: compare again.")
    return Verdict(comparison, tuple(reasons(comparison)))


def release(
    places: Places,
    name: str,
    *,
    actor: str,
    reason: str,
    override: Override | None = None,
    **options: Any,
) -> Done:
    """Makes a candidate live if the gate is open, or set aside as it may be.

    Args:
        places: of the installation.
        name: of the candidate.
        actor: who wants it.
        reason: why.
        override: two people and their reason, where the gate is closed.
        options: of ``promote``.

    Raises:
        GateError: if it may not go live.
        PromotionError, CandidateError, BusyError: see ``promote``.
    """
    detail = _passed(places, name, override)
    done = promote(places, name, actor=actor, reason=reason, detail=detail, **options)
    _move(places, done.entry.proposal, LIVE, actor, model=name)
    return done


def take_back(places: Places, *, actor: str, reason: str, **options: Any) -> Done:
    """Rolls back, and the proposals that were live with it can be changed again.

    Args:
        places: of the installation.
        actor: who wants it.
        reason: why.
        options: of ``roll_back``.

    Raises:
        PromotionError, CandidateError, BusyError: see ``roll_back``.
    """
    done = roll_back(places, actor=actor, reason=reason, **options)
    for undone in done.entry.detail["undone"]:
        change = change_of(places, undone)
        if change is not None:
            _move(places, change.proposal, SUBMITTED, actor, rolled_back=reason)
    return done


def release_canary(
    places: Places,
    name: str,
    share: float,
    *,
    actor: str,
    reason: str,
    **options: Any,
) -> Done:
    """Lets a candidate answer some patients; for them the gate is the same.

    Raises:
        GateError: if it may not go live; two people can't set that aside here.
        PromotionError, CandidateError, BusyError: see ``start_canary``.
    """
    _passed(places, name, None)
    return start_canary(places, name, share, actor=actor, reason=reason, **options)


def _move(
    places: Places, proposal: str | None, state: str, actor: str, **why: Any
) -> None:
    """A proposal says where it is; one that is gone, or elsewhere, stays as it is."""
    if proposal:
        with contextlib.suppress(ProposalError, ItemError):
            folder = folder_of(places.home, proposal)
            found = Proposal.load(folder, root=places.root)
            if state == LIVE or found.state == LIVE:
                found.move_to(state, actor, **why)


def _passed(places: Places, name: str, override: Override | None) -> dict[str, Any]:
    found = verdict(places, name)
    try:
        check_override(found.reasons, override)
    except OverrideError as error:
        raise GateError(str(error)) from error
    detail: dict[str, Any] = {"comparison": found.comparison.id}
    if found.reasons and override is not None:
        detail["override"] = {
            "people": list(override.people),
            "reason": override.reason,
            "set_aside": [reason.words for reason in found.reasons],
        }
    return detail
