"""All proposals of an installation; one that can't be read is logged and left out."""

from __future__ import annotations

import logging
from pathlib import Path

from retraining.examples import ROOT
from retraining.proposal_folder import FILE, FOLDER, ProposalError
from retraining.proposals import Proposal

logger = logging.getLogger(__name__)


def all_proposals(home: Path, *, root: Path = ROOT) -> list[Proposal]:
    """All proposals, newest first.

    Args:
        home: of the installation.
        root: the project that they change.
    """
    found = []
    for file in sorted((home / FOLDER).glob(f"*/{FILE}")):
        try:
            found.append(Proposal.load(file.parent, root=root))
        except ProposalError as error:
            logger.error("A proposal is left out: %s", error)
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def mentioning(home: Path, conversation: str) -> list[Proposal]:
    """The proposals with an item that comes from a conversation, in any state.

    Args:
        home: of the installation.
        conversation: its id.
    """
    return [
        proposal
        for proposal in all_proposals(home)
        if any(item.origin.conversation == conversation for item in proposal.items)
    ]
