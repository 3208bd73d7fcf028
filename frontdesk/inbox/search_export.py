"""The list as a file for a spreadsheet: what is known of conversations, no words."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import batched
from typing import Any
from uuid import UUID

from django.conf import settings

from frontdesk.chat.models import Alert, Ticket
from frontdesk.inbox.models import Review, Tag
from frontdesk.inbox.search_models import Digest, Turn

AT_ONCE = 500
COLUMNS = (
    "conversation",
    "started",
    "last message",
    "messages",
    "page",
    "routes",
    "topics",
    "intents",
    "handed to staff",
    "outcomes",
    "thumbs",
    "not understood",
    "waits for an answer",
    "crisis or emergency",
    "verdict",
    "drawn at random",
    "tags",
)
# What a spreadsheet would take for a formula; a page's address is written by anybody.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(ids: list[int], address: Callable[[UUID], str]) -> str:
    """The file.

    Args:
        ids: of digests, in order.
        address: makes the address of a conversation's page.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*COLUMNS, "address"))
    for some in batched(ids, AT_ONCE):
        for pk, values in _rows(list(some)):
            writer.writerow([_plain(value) for value in (*values, address(pk))])
    return out.getvalue()


def _plain(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(ids: list[int]) -> Iterator[tuple[UUID, tuple[Any, ...]]]:
    digests = {each.pk: each for each in Digest.objects.filter(pk__in=ids)}
    conversations = [each.conversation_id for each in digests.values()]
    turns = _turns(ids)
    outcomes = _outcomes(conversations)
    tags = _tags(conversations)
    reviews = Review.objects.filter(conversation_id__in=conversations)
    review = {each.conversation_id: each for each in reviews}
    for each in (digests[pk] for pk in ids if pk in digests):
        pk = each.conversation_id
        read = review.get(pk)
        yield (
            pk,
            (
                pk,
                _time(each.started_at),
                _time(each.last_at),
                each.messages,
                each.page,
                *turns[each.pk],
                _tick(each.handed_off),
                _list(outcomes[pk]),
                _list(_thumbs(each)),
                _tick(each.not_understood),
                _tick(each.unanswered),
                _tick(each.after_urgent),
                read.verdict if read else "",
                _tick(bool(read and read.from_sample)),
                _list(tags[pk]),
            ),
        )


def _turns(ids: list[int]) -> dict[int, list[str]]:
    """Routes, topics and intents of each digest."""
    found: dict[int, list[set[str]]] = defaultdict(lambda: [set(), set(), set()])
    turns = Turn.objects.filter(digest_id__in=ids)
    for pk, *names in turns.values_list("digest_id", "route", "topic", "intent"):
        for names_of_one, name in zip(found[pk], names, strict=True):
            names_of_one.add(name)
    lists = {pk: [_list(names) for names in columns] for pk, columns in found.items()}
    return defaultdict(lambda: ["", "", ""], lists)


def _outcomes(conversations: list[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for model in (Ticket, Alert):
        matters = model.objects.filter(conversation_id__in=conversations)
        for pk, outcome in matters.values_list("conversation_id", "outcome"):
            found[pk].add(outcome)
    return found


def _tags(conversations: list[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    tagged = Tag.conversations.through.objects
    tagged = tagged.filter(conversation_id__in=conversations)
    for pk, name in tagged.values_list("conversation_id", "tag__name"):
        found[pk].add(name)
    return found


def _thumbs(digest: Digest) -> set[str]:
    given = {"up": digest.thumbs_up, "down": digest.thumbs_down}
    return {thumb for thumb, was_given in given.items() if was_given}


def _list(names: set[str]) -> str:
    return " ".join(sorted(name for name in names if name))


def _tick(value: bool) -> str:
    return "yes" if value else ""


def _time(at: datetime) -> str:
    local = at.astimezone(settings.CLINIC.time_zone)
    return local.strftime("%Y-%m-%d %H:%M")
