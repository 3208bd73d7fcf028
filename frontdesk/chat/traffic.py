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

from frontdesk.chat.models import Message


def lines(since: datetime) -> Iterator[str]:
    """Messages of patients since a time, one line of JSON each, in their order.

    Conversations carry a name that is good for this file only: it leads to nobody.
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
        .values_list("conversation_id", "text", "button")
    )
    for conversation, text, button in messages.iterator(chunk_size=500):
        name = hashlib.sha256(salt + conversation.bytes).hexdigest()[:12]
        entry = {"conversation": name, "text": text}
        if button:
            entry["button"] = button
        yield json.dumps(entry, ensure_ascii=False)
