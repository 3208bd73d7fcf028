"""Keeps digests and the index of words up to date, in batches beside the chat.

``frontdesk.background`` calls ``keep_up`` every few seconds. What is to be done stands
in a table that triggers fill (``search_tables``): nothing is lost when a process ends.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min

from frontdesk.chat import database
from frontdesk.chat.models import Alert, Conversation, Feedback, Message, Ticket
from frontdesk.chat.waiting import waiting
from frontdesk.inbox.review_queue_harm import harm_of, reasons_of
from frontdesk.inbox.search_index import Said, index
from frontdesk.inbox.search_models import Digest, Stale, Turn
from frontdesk.inbox.search_tables import erases_at_once

MOST_ROWS = 1000
MOST_BEHIND = 10_000  # conversations looked at in one go
# One in full swing is digested anew only after this time: it takes the longer, the more
# has been said, and patients' messages wait behind it.
SECONDS_BETWEEN_DIGESTS = 60.0
# Of one conversation, the newest; it takes hours of flooding to write more.
MOST_MESSAGES = 1000
PAGES_AT_ONCE = 200  # of the index, in one transaction
# In one go, a fifth of the time. Under load the search lags behind, and not the chat.
MOST_SECONDS = 2.0
SECONDS_TO_LET_BY = 0.2  # patients who wait for an answer, before each batch
PAUSE = 4  # times as long as the batch before it
MOST_MERGES = 100  # of some 12 ms; 31 are enough for 200 000 messages
READ = (
    "conversation_id",
    "number",
    "author",
    "text",
    "button",
    "answers",
    "route",
    "topic",
    "response",
    "check_in",
    "intent",
    "confidence",
    "ranking",
    "safety",
    "model",
    "sent_at",
)


# When this process last digested what, by its own clock.
_digested_at: dict[UUID, float] = {}


async def keep_up() -> None:
    """Digests what has changed, then cleans the index of what was erased."""
    until = time.monotonic() + MOST_SECONDS
    for conversation_id in await database.read(_due):
        await waiting.nobody(SECONDS_TO_LET_BY)
        began = time.monotonic()
        if began >= until:
            break
        await database.write_last(digest_again, conversation_id)
        _digested_at[conversation_id] = began
        # Not for long after one that had to wait for the database.
        now = time.monotonic()
        await asyncio.sleep(min((now - began) * PAUSE, until - now))
    await _clean()


def _due() -> list[UUID]:
    """Conversations that have changed, and were not digested a moment ago."""
    before = time.monotonic() - SECONDS_BETWEEN_DIGESTS
    for each in [each for each, at in _digested_at.items() if at < before]:
        del _digested_at[each]
    return [each for each in behind() if each not in _digested_at]


def behind() -> list[UUID]:
    """Conversations that have changed since their digest, oldest change first. Sync."""
    rows = Stale.objects.filter(gone=False).values_list("conversation_id", flat=True)
    return list(rows.annotate(first=Min("pk")).order_by("first")[:MOST_BEHIND])


def digest_again(conversation_id: UUID) -> None:
    """Digests one that has changed. Sync, in a transaction."""
    rows = Stale.objects.filter(gone=False, conversation_id=conversation_id)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    if taken := list(rows.values_list("pk", flat=True)):
        digest([conversation_id])
        _forget(taken)


def digest(conversation_ids: Iterable[UUID]) -> None:
    """Makes the digests of these anew. Sync, in a transaction."""
    ids = list(conversation_ids)
    if not ids:
        return
    # Locked before their messages are read: no word comes in that is being erased.
    rows = Conversation.objects.filter(pk__in=ids, erased_at=None).order_by("pk")
    conversations = list(rows.select_for_update())
    messages = _messages_of(ids)
    facts = _Facts(ids)
    found = [each for each in conversations if _is_one(messages[each.pk], facts, each)]
    found.sort(key=lambda each: messages[each.pk][-1].sent_at)
    Digest.objects.filter(conversation_id__in=ids)._raw_delete(connection.alias)
    digests = Digest.objects.bulk_create(
        _digest(each, messages[each.pk], facts) for each in found
    )
    Turn.objects.bulk_create(
        turn for made in digests for turn in _turns(made, messages)
    )
    words = index()
    words.add(
        (made.pk, words.document(_said(messages[made.conversation_id])))
        for made in digests
    )


def _is_one(said: list[Message], facts: _Facts, conversation: Conversation) -> bool:
    """Not a chat that was only opened; what was handed to staff counts."""
    spoke = any(each.author == Message.Author.PATIENT for each in said)
    return spoke or (bool(said) and conversation.pk in facts.handed_off)


class _Facts:
    """What is known of conversations beside their messages."""

    def __init__(self, ids: list[UUID]) -> None:
        self.thumbs: dict[UUID, set[str]] = defaultdict(set)
        feedback = Feedback.objects.filter(message__conversation_id__in=ids)
        for pk, thumb in feedback.values_list("message__conversation_id", "thumb"):
            self.thumbs[pk].add(thumb)
        self.handed_off: set[UUID | None] = {
            pk
            for model in (Ticket, Alert)
            for pk in model.objects.filter(conversation_id__in=ids).values_list(
                "conversation_id", flat=True
            )
        }


def _messages_of(ids: list[UUID]) -> dict[UUID, list[Message]]:
    """The messages of each, oldest first."""
    found: dict[UUID, list[Message]] = defaultdict(list)
    for message in (
        Message.objects.filter(conversation_id__in=ids)
        .only(*READ)
        .order_by("conversation_id", "number")
        .iterator(chunk_size=2000)
    ):
        said = found[message.conversation_id]
        said.append(message)
        if len(said) > MOST_MESSAGES:
            del said[0]
    return found


def _digest(conversation: Conversation, said: list[Message], facts: _Facts) -> Digest:
    pk = conversation.pk
    thumbs = facts.thumbs[pk]
    reasons = reasons_of(said, thumbs_down="down" in thumbs)
    return Digest(
        conversation_id=pk,
        messages=conversation.last_number,
        started_at=conversation.created_at,
        last_at=said[-1].sent_at,
        page=conversation.page,
        thumbs_up="up" in thumbs,
        thumbs_down="down" in thumbs,
        handed_off=pk in facts.handed_off,
        unanswered=_is_unanswered(said),
        not_understood=any(each.route == "not_understood" for each in said),
        after_urgent=conversation.after_urgent,
        harm=min(harm_of(reasons), 32_767),
        reasons=[reason.name for reason in reasons],
    )


def _is_unanswered(said: list[Message]) -> bool:
    """Whether the last word is the patient's; the system only tells what happened."""
    spoken = [each for each in said if each.author != Message.Author.SYSTEM]
    return bool(spoken) and spoken[-1].author == Message.Author.PATIENT


def _turns(made: Digest, messages: dict[UUID, list[Message]]) -> list[Turn]:
    """One for each different kind of reply."""
    kinds: dict[tuple[Any, ...], None] = {}
    for each in messages[made.conversation_id]:
        # The greeting is no reply.
        if each.author == Message.Author.BOT and each.route and each.answers_id:
            names = (each.route, each.topic, each.intent, each.model)
            kinds[(*(name or "" for name in names), each.confidence)] = None
    return [
        Turn(
            digest=made,
            route=route,
            topic=topic,
            intent=intent,
            model=model,
            confidence=confidence,
        )
        for route, topic, intent, model, confidence in kinds
    ]


def _said(messages: list[Message]) -> list[Said]:
    patient = Message.Author.PATIENT
    return [Said(each.text, each.author == patient) for each in messages]


async def _clean() -> None:
    """Takes the words of what was erased out of old parts of the index for good."""
    gone = await database.read(_gone)
    if not gone:
        return
    await database.write(_digest_what_is_left, gone)
    if connection.vendor == "sqlite" and not erases_at_once(
        connection.Database.sqlite_version_info
    ):
        for _ in range(MOST_MERGES):
            if not await database.write_last(merge):
                break
        else:
            return  # goes on where it was the next time
    await database.read(database.empty_journal)
    await database.write(_forget, [pk for pk, _ in gone])


def _gone() -> list[tuple[int, UUID]]:
    rows = Stale.objects.filter(gone=True).order_by("pk")
    return list(rows.values_list("pk", "conversation_id")[:MOST_ROWS])


def _digest_what_is_left(gone: list[tuple[int, UUID]]) -> None:
    there = Message.objects.filter(conversation_id__in=[pk for _, pk in gone])
    digest(there.values_list("conversation_id", flat=True).distinct())


def _forget(rows: list[int]) -> None:
    Stale.objects.filter(pk__in=rows).delete()


def merge() -> bool:
    """Melts SQLite's index into one part, a step; whether there is more to do. Sync.

    Only then no part is left that knows a deleted word.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_changes()")
        before = cursor.fetchone()[0]
        cursor.execute(
            # Negative: of all parts, not only of as many as are worth it.
            "INSERT INTO inbox_words (inbox_words, rank) VALUES ('merge', %s)",
            [-PAGES_AT_ONCE],
        )
        cursor.execute("SELECT total_changes()")
        return bool(cursor.fetchone()[0] - before >= 2)
