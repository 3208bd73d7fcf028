"""Answers as their pages show them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from clinic.answers import Answer
from clinic.topics import URGENT_ROUTES
from frontdesk.answers import lint, names
from frontdesk.answers.blocking import blocked_by, blocks
from frontdesk.answers.diff import SAME, Piece, changes
from frontdesk.answers.facts import Fact, facts_of
from frontdesk.answers.folder import Variation, served
from frontdesk.answers.listing import Text, as_patients_read, day_of, whens
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.proposals import is_bound
from frontdesk.answers.publishing import latest_day
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts
from frontdesk.staff.models import Person


@dataclass(frozen=True)
class Card:
    """One text with everything that is known about it."""

    spot: Variation
    text: Text
    bubbles: list[str]
    grade: lint.Grade | None
    sources: list[Fact]
    blocks: list[tuple[BlockedAnswer, str]]
    proposal: AnswerRevision | None
    kind: str
    is_bound: bool

    @property
    def is_urgent(self) -> bool:
        """Whether it is for somebody in danger."""
        return self.spot.answer.metadata.get("route") in URGENT_ROUTES

    @property
    def approved_on(self) -> date | None:
        """When somebody approved it; None for a draft."""
        return day_of(self.spot.answer.metadata.get("approved_on"))


@dataclass(frozen=True)
class Preview:
    """A text that somebody writes: how it would look, and what is wrong with it."""

    bubbles: list[str]
    grade: lint.Grade | None
    findings: list[lint.Finding]
    diff: list[Piece]
    sources: list[Fact] = field(default_factory=list)
    has_same_facts: bool = False

    @property
    def is_other(self) -> bool:
        """Whether any word is different."""
        return any(piece.kind != SAME for piece in self.diff)

    @property
    def is_unbacked(self) -> bool:
        """Whether the words are different and the facts behind them are not."""
        return self.is_other and self.has_same_facts

    @property
    def errors(self) -> int:
        """How many findings stand in the way."""
        return sum(each.is_error for each in self.findings)


def card(spot: Variation) -> Card:
    """A text as the page of its answer shows it."""
    answer = spot.answer
    rows = blocks(answer.name, answer.version)
    open_ones = AnswerRevision.objects.filter(
        response=answer.name, old_mark=spot.mark, state__in=AnswerRevision.OPEN
    )
    proposal = open_ones.select_related("author").first()
    text = Text(
        answer,
        spot.variant,
        whens(answer.name).get(spot.variant, spot.variant),
        bool(rows),
        proposal is not None,
        texts().today(),
    )
    return Card(
        spot,
        text,
        as_patients_read(answer.text),
        lint.grade_of(answer),
        facts_of(spot.sources),
        [(row, blocked_by(row)) for row in rows],
        proposal,
        names.KINDS.get(answer.kind, ""),
        is_bound(answer.name),
    )


def cards(spots: list[Variation]) -> list[Card]:
    """All texts of an answer."""
    return [card(spot) for spot in spots]


def preview(
    new: Answer, before: str, old: str, old_sources: list[str] | None = None
) -> Preview:
    """What an editor sees beside the text.

    Args:
        new: the text as it would be.
        before: the words that are in force.
        old: the words to show the difference to; mostly the same.
        old_sources: ids of the facts behind them, where they are known.
    """
    now = [str(each) for each in new.metadata.get("sources") or []]
    return Preview(
        as_patients_read(new.text),
        lint.grade_of(new),
        lint.findings(new, today=texts().today(), before=before),
        changes(old, new.text),
        facts_of(now),
        old_sources is not None and set(now) == set(old_sources),
    )


def proposal(revision: AnswerRevision, reader: Person) -> dict[str, Any]:
    """The page of a proposal: what would change, and what its reader may decide."""
    every = served(revision.response)
    named = [each for each in every if each.variant == revision.variant]
    basis = (named or every)[0]
    metadata = basis.answer.metadata | {"sources": revision.new_sources}
    new = replace(basis.answer, text=revision.new_text, metadata=metadata)
    return {
        "revision": revision,
        "title": names.title_of(basis.answer),
        "when": whens(revision.response).get(basis.variant, basis.variant),
        "kind": names.KINDS.get(basis.answer.kind, ""),
        "preview": preview(
            new, revision.old_text, revision.old_text, revision.old_sources
        ),
        "old_bubbles": as_patients_read(revision.old_text),
        "new_sources": _only_new(revision.new_sources, revision.old_sources),
        "gone_sources": _only_new(revision.old_sources, revision.new_sources),
        "latest": latest_day(new),
        "is_own": revision.author_id == reader.pk,
        "is_waiting": revision.state == AnswerRevision.State.PROPOSED,
        "zone": texts().clinic.time_zone,
    }


def _only_new(some: list[str], others: list[str]) -> list[Fact]:
    return facts_of([each for each in some if each not in others])
