"""Ready-made replies of ``canned.yml``, with the clinic's facts filled in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from clinic.facts import facts_of, fill
from frontdesk.chat.texts import texts

FILE = Path(__file__).with_name("canned.yml")


class CannedReplyError(ValueError):
    """``canned.yml`` can't be used as it is."""


@dataclass(frozen=True)
class CannedReply:
    """A title on a button, and the words it puts into the message."""

    title: str
    text: str


def canned_replies() -> list[CannedReply]:
    """All of them, as a patient would read them now.

    Raises:
        CannedReplyError: names the reply.
    """
    facts = facts_of(texts().clinic, texts().now())
    return [CannedReply(reply.title, _filled(reply, facts)) for reply in _read(FILE)]


def _filled(reply: CannedReply, facts: dict[str, str]) -> str:
    try:
        return fill(reply.text, facts).strip()
    except (KeyError, ValueError) as error:
        raise CannedReplyError(
            f"{FILE.name}: '{reply.title}': {error} is no fact of clinic.yml."
        ) from error


@cache
def _read(file: Path) -> list[CannedReply]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [CannedReply(each["title"], each["text"]) for each in content["replies"]]
