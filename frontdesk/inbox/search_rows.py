"""Results as staff read them: words found, what it was about, what is known of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from frontdesk.chat.models import Message
from frontdesk.inbox import labels
from frontdesk.inbox.models import Review, Tag
from frontdesk.inbox.search_models import Digest, Turn
from frontdesk.inbox.search_words import Piece, Term, highlight, snippet

MOST_SNIPPETS = 3
SNIPPET = 180  # characters
MOST_MESSAGES = 5000  # read for the snippets of one page
# Fact, words, how it is set.
FACTS = (
    ("after_urgent", "crisis or emergency", "danger"),
    ("unanswered", "waits for an answer", "warn"),
    ("handed_off", "handed to staff", ""),
    ("not_understood", "not understood", ""),
    ("thumbs_down", "thumbs down", "warn"),
    ("thumbs_up", "thumbs up", "good"),
)
AUTHORS = {"patient": "Patient", "bot": "Assistant", "staff": "Staff", "system": "Note"}


@dataclass(frozen=True)
class Snippet:
    """A piece of a message."""

    author: str
    number: int
    pieces: list[Piece]


@dataclass
class Row:
    """One conversation in a list."""

    digest: Digest
    snippets: list[Snippet] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    verdict: str = ""

    @property
    def conversation_id(self) -> UUID:
        """Of whose page it is."""
        return self.digest.conversation_id

    @property
    def last_at(self) -> datetime:
        """When the last message was written."""
        return self.digest.last_at

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is known of it, in words, and how each is set."""
        return [
            (words, look) for name, words, look in FACTS if getattr(self.digest, name)
        ]


def rows_of(digests: Sequence[Digest], terms: Sequence[Term] = ()) -> list[Row]:
    """Rows with the places that were searched for, else with how it began."""
    rows = {each.conversation_id: Row(each) for each in digests}
    _add_snippets(rows, list(terms))
    for pk, route, topic in _turns(digests):
        about = f"{labels.route(route)}: {labels.topic(topic)}" if topic else None
        words = about or labels.route(route)
        if words not in rows[pk].about:
            rows[pk].about.append(words)
    through = Tag.conversations.through.objects.filter(conversation_id__in=rows)
    named = through.order_by("tag__name").values_list("conversation_id", "tag__name")
    for pk, name in named:
        rows[pk].tags.append(name)
    for review in Review.objects.filter(conversation_id__in=rows):
        rows[review.conversation_id].verdict = review.get_verdict_display()
    return list(rows.values())


def _turns(digests: Iterable[Digest]) -> list[tuple[UUID, str, str]]:
    pks = {each.pk: each.conversation_id for each in digests}
    found = Turn.objects.filter(digest_id__in=pks).order_by("pk")
    kinds = found.values_list("digest_id", "route", "topic")
    return [(pks[pk], route, topic) for pk, route, topic in kinds]


def _add_snippets(rows: dict[UUID, Row], terms: list[Term]) -> None:
    for pk, messages in _texts(rows, whole=bool(terms)).items():
        rows[pk].snippets = _best(messages, terms) or _opening(messages)


def _best(messages: list[tuple[int, str, str]], terms: list[Term]) -> list[Snippet]:
    """The messages with most of the words, in the order they were written."""
    found: list[tuple[int, Snippet]] = []
    enough = sum(len(term.words) for term in terms)
    for number, author, text in messages if terms else ():
        pieces = highlight(text, terms)
        marks = len({each.text.casefold() for each in pieces if each.is_found})
        if marks:
            made = Snippet(AUTHORS[author], number, snippet(pieces, SNIPPET))
            found.append((marks, made))
        if sum(marks >= enough for marks, _ in found) == MOST_SNIPPETS:
            break
    best = sorted(found, key=lambda each: -each[0])[:MOST_SNIPPETS]
    return sorted((each for _, each in best), key=lambda each: each.number)


def _opening(messages: list[tuple[int, str, str]]) -> list[Snippet]:
    for number, author, text in messages:
        if author == Message.Author.PATIENT:
            pieces = snippet([Piece(text)], SNIPPET)
            return [Snippet(AUTHORS[author], number, pieces)]
    return []


def _texts(
    rows: dict[UUID, Row], *, whole: bool
) -> dict[UUID, list[tuple[int, str, str]]]:
    """Number, author and text of the messages, oldest first."""
    messages: Any = Message.objects.filter(conversation_id__in=rows)
    if not whole:
        messages = messages.filter(author=Message.Author.PATIENT)
    found: dict[UUID, list[tuple[int, str, str]]] = defaultdict(list)
    read = messages.order_by("conversation_id", "number").values_list(
        "conversation_id", "number", "author", "text"
    )
    for pk, *message in read[:MOST_MESSAGES]:
        found[pk].append(tuple(message))
    return found
