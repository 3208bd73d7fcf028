"""From what was learned to the models that learned it; called at an erasure."""

from __future__ import annotations

from retraining import registry
from retraining.candidates import all_candidates
from retraining.places import Places
from retraining.proposals import Proposal


def models_of(proposal: Proposal, places: Places) -> list[str]:
    """Names of the models that were, or may have been, trained on a proposal.

    Those made of it, and once it was live every later one.
    """
    candidates = all_candidates(places.models)
    found = {each.id for each in candidates if each.proposal == proposal.id}
    entries = [e for e in registry.read(places) if e.proposal == proposal.id]
    found |= {each.model for each in entries if each.event == registry.REMOVED}
    lived = [each.at for each in entries if each.event == registry.PROMOTED]
    if lived:
        found |= {each.id for each in candidates if each.created_at >= min(lived)}
        found |= {each.model for each in entries}
    return sorted(found)
