"""The index of words: SQLite's FTS5 or PostgreSQL's tsvector behind one interface.

Each digest is a document of two parts, what the patient said and what others said. Who
searches gets the ids of digests. The tables and triggers are made by ``install``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from frontdesk.inbox.search_words import Term, words_of

MOST_CHARACTERS = 400_000  # of one document
LAST_PLACE = 16_383  # that a tsvector can say
# Stands between two messages: no phrase goes across. Nobody can type it.
_BETWEEN = "¶"


@dataclass(frozen=True)
class Said:
    """A message, for the index."""

    text: str
    by_patient: bool


class SqliteIndex:
    """FTS5; the words are parted by us, so that its tokenizer only sees spaces."""

    find_sql = "SELECT rowid FROM inbox_words WHERE inbox_words MATCH %s"

    def document(self, said: Sequence[Said]) -> tuple[str, ...]:
        """What is stored of a conversation."""
        parts = [
            f" {_BETWEEN} ".join(
                " ".join(words_of(each.text))
                for each in said
                if each.by_patient is is_patient
            )
            for is_patient in (True, False)
        ]
        return tuple(part[:MOST_CHARACTERS] for part in parts)

    def add(self, documents: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        """Stores documents under the ids of their digests."""
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO inbox_words (rowid, patient, others) VALUES (%s, %s, %s)",
                [(pk, *document) for pk, document in documents],
            )

    def expression(self, terms: Sequence[Term], *, by_patient: bool) -> str:
        """The search in the database's own language."""
        parts = [
            f'"{" ".join(term.words)}"{"*" if term.is_begun else ""}' for term in terms
        ]
        wanted = " AND ".join(parts)
        return f"{{patient}} : ({wanted})" if by_patient else wanted


class PostgresIndex:
    """A tsvector with a GIN index; weight A is what the patient said, D the rest.

    Each two words that follow each other are stored as one more: a phrase is found in
    the index. Else PostgreSQL would read all conversations that have its words.
    """

    find_sql = "SELECT digest_id FROM inbox_words WHERE words @@ %s::tsquery"
    most_characters = 150_000  # of one document, pairs not counted; it takes a megabyte

    def document(self, said: Sequence[Said]) -> tuple[str, ...]:
        """(see ``SqliteIndex``)."""
        place, length = 0, 0
        lexemes: list[str] = []
        for each in said:
            weight = "A" if each.by_patient else ""
            before = ""
            for word in words_of(each.text):
                place, length = place + 1, length + len(word) + 1
                at = f"{min(place, LAST_PLACE)}{weight}"
                lexemes.append(f"'{word}':{at}")
                if before:
                    lexemes.append(f"'{before} {word}':{at}")
                before = word
            place += 1  # no phrase goes across
            if length > self.most_characters:
                break
        return (" ".join(lexemes),)

    def add(self, documents: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        """(see ``SqliteIndex``)."""
        rows = [value for pk, document in documents for value in (pk, *document)]
        if not rows:
            return
        places = ", ".join(["(%s, %s::tsvector)"] * (len(rows) // 2))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO inbox_words (digest_id, words) VALUES {places}", rows
            )

    def expression(self, terms: Sequence[Term], *, by_patient: bool) -> str:
        """(see ``SqliteIndex``)."""
        weight = "A" if by_patient else ""
        return " & ".join(self._term(term, weight) for term in terms)

    def _term(self, term: Term, weight: str) -> str:
        words = term.words
        pairs = [f"{one} {two}" for one, two in pairwise(words)]
        last = "*" if term.is_begun else ""
        parts = _marked(pairs or words, weight, last)
        if len(words) > 2:
            # The pairs may stand apart; only few conversations are read for that.
            parts.append(f"({' <-> '.join(_marked(words, weight, last))})")
        return f"({' & '.join(parts)})"


def _marked(words: Sequence[str], weight: str, last: str) -> list[str]:
    """Words as a tsquery has them, with weight; the last one with its mark too."""
    marks = [*([weight] * (len(words) - 1)), last + weight]
    return [
        f"'{word}':{mark}" if mark else f"'{word}'"
        for word, mark in zip(words, marks, strict=True)
    ]


def index() -> SqliteIndex | PostgresIndex:
    """The index of the database in use."""
    return SqliteIndex() if connection.vendor == "sqlite" else PostgresIndex()


def having(terms: Sequence[Term], *, by_patient: bool = False) -> Q:
    """Digests of conversations in which all terms were said."""
    words = index()
    expression = words.expression(terms, by_patient=by_patient)
    found: Any = RawSQL(words.find_sql, [expression])
    return Q(pk__in=found)
