"""What patients wrote, redacted, to be replayed under another model.

Of patients alone who agreed that their chat improves the assistant; by the command
``python -m frontdesk traffic``, and by the pages that compare models.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from frontdesk.chat.models import Message


def lines(since: datetime, *, named: bool = False) -> Iterator[str]:
    """Messages of patients since a time, one line of JSON each, in their order.

    Args:
        since: the first moment.
        named: with the ids of conversations and the numbers of messages, for a file
            that stays here and goes with the work it is for. Else conversations carry
            a name that is good for this file only: it leads to nobody.
    """
    salt = secrets.token_bytes(16)
    messages = (
        Message.objects.filter(
            author=Message.Author.PATIENT,
            sent_at__gte=since,
            conversation__improve=True,
            conversation__erased_at=None,
        )
        .order_by("conversation_id", "number")
        .values_list("conversation_id", "number", "text", "button")
    )
    for conversation, number, text, button in messages.iterator(chunk_size=500):
        name = hashlib.sha256(salt + conversation.bytes).hexdigest()[:12]
        entry: dict[str, Any] = {"conversation": name, "text": text}
        if named:
            entry |= {"conversation": str(conversation), "number": number}
        if button:
            entry["button"] = button
        yield json.dumps(entry, ensure_ascii=False)
