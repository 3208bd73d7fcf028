"""Ready-made replies of ``data/responses/staff_canned.yml``, the clinic's facts in."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from clinic.answers import Answer
from clinic.facts import facts_of, fill
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts

logger = logging.getLogger(__name__)

BEGINNING = "utter_staff_"
LAST = 1000  # where no position is named


@dataclass(frozen=True)
class CannedReply:
    """A title on a button, and the words it puts into the message."""

    title: str
    text: str


def canned_replies() -> list[CannedReply]:
    """All that nobody has blocked, as a patient would read them now."""
    words = texts()
    facts = facts_of(words.clinic, words.now())
    library = words.library
    names = [name for name in library.names() if name.startswith(BEGINNING)]
    blocked = set(
        BlockedAnswer.objects.filter(response__in=names).values_list(
            "response", "version"
        )
    )
    answers = [library.choose(name, {}) for name in names]
    replies = [
        _reply(answer, facts)
        for answer in sorted(answers, key=_position)
        if not blocked & {(answer.name, ""), (answer.name, answer.version)}
    ]
    return [reply for reply in replies if reply is not None]


def _position(answer: Answer) -> Any:
    return answer.metadata.get("position") or LAST


def _reply(answer: Answer, facts: dict[str, str]) -> CannedReply | None:
    try:
        text = fill(answer.text, facts).strip()
    except (KeyError, ValueError) as error:
        # An edit that the checks have not seen: staff can still write by hand.
        logger.error("data/responses: %s can't be used: %s.", answer.name, error)
        return None
    return CannedReply(str(answer.metadata.get("title") or answer.name), text)
