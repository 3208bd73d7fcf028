"""What was learned from a conversation that is being erased: found, and taken out.

Corrections go with their messages. Items leave every proposal that is not live. What is
in the data already carries nothing personal and stays; the ledger names the models that
were trained on it, so that the clinic can decide.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings

from frontdesk.audit.ledger import Job, record
from frontdesk.training.models import Correction
from frontdesk.training.trainings import leave_out
from retraining.lineage import models_of
from retraining.places import places
from retraining.proposal_folder import LIVE, ProposalError
from retraining.proposal_list import mentioning
from retraining.proposals import Proposal

logger = logging.getLogger(__name__)
ERASURE = Job("erasure")
ACTION = "erase training"


def forget(conversation_id: UUID) -> None:
    """Does it, in the transaction of the erasure; what was found is recorded."""
    key = str(conversation_id)
    corrections = Correction.objects.filter(message__conversation=conversation_id)
    count = corrections.count()
    corrections.delete()
    removed, kept, models = 0, 0, set[str]()
    names = []
    for proposal in mentioning(settings.CLINIC_HOME, key):
        ids = [item.id for item in proposal.items if item.origin.conversation == key]
        models |= set(models_of(proposal, places()))
        names.append(proposal.id)
        if proposal.state == LIVE:
            kept += len(ids)
        else:
            removed += _remove(proposal, ids)
    leave_out(key)
    if count or names:
        record(
            ERASURE,
            ACTION,
            f"conversation {conversation_id}",
            corrections=count,
            proposals=names,
            taken_out=removed,
            impersonal_examples_that_stay=kept,
            models=sorted(models),
        )


def _remove(proposal: Proposal, ids: list[str]) -> int:
    try:
        return proposal.remove(ids, ERASURE.name, erased=True)
    except ProposalError as error:
        logger.error("Proposal %s keeps what was erased: %s", proposal.id, error)
        return 0
