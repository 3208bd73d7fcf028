"""The messages that the wording of a period is judged by, read of the log. Sync."""

from __future__ import annotations

import hashlib

from frontdesk.chat.models import Message
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.wording_worker import Said

MOST_QUESTIONS = 500  # that were not understood, the newest
MOST_MESSAGES = 400  # of all, drawn by lot


def not_understood(period: Period) -> list[Said]:
    """Questions to which the assistant had no answer, the newest first."""
    replies = Message.objects.filter(
        period.begins("conversation__digest__started_at"),
        conversation__digest__not_understood=True,
        author=Message.Author.BOT,
        route="not_understood",
        answers__button="",
    )
    newest = replies.order_by("-answers_id").values_list("answers_id", "intent")
    intents: dict[int, str] = {}
    for pk, intent in newest.iterator():
        intents.setdefault(pk, intent or "")
        if len(intents) == MOST_QUESTIONS:
            break
    return _said(intents)


def drawn(period: Period) -> list[Said]:
    """Messages of all kinds, drawn by lot, the same ones each time."""
    written = Message.objects.filter(
        period.begins("conversation__digest__started_at"),
        author=Message.Author.PATIENT,
        button="",
    )
    lots = sorted(written.values_list("pk", flat=True), key=_lot)[:MOST_MESSAGES]
    replies = Message.objects.filter(answers_id__in=lots, author=Message.Author.BOT)
    intents = dict.fromkeys(lots, "")
    intents |= dict(replies.values_list("answers_id", "intent").order_by("-pk"))
    return _said(intents)


def _said(intents: dict[int, str]) -> list[Said]:
    texts = dict(Message.objects.filter(pk__in=intents).values_list("pk", "text"))
    return [
        Said(pk, texts[pk], intent or "")
        for pk, intent in intents.items()
        if pk in texts
    ]


def _lot(pk: int) -> bytes:
    return hashlib.sha256(str(pk).encode()).digest()
