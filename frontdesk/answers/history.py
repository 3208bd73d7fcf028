"""What became of an answer's texts: proposals and reviews, and blocks by the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from frontdesk.answers.diff import Piece, changes
from frontdesk.answers.listing import whens
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.proposals import subject
from frontdesk.audit.models import Entry
from frontdesk.chat.texts import texts

State, Kind = AnswerRevision.State, AnswerRevision.Kind
MOST_SHOWN = 200
DEEDS = {"block": "Taken out of service", "unblock": "Back in service"}


@dataclass(frozen=True)
class Event:
    """One thing that happened, and when."""

    at: datetime
    what: str
    who: str
    revision: AnswerRevision | None = None
    reason: str = ""
    version: str = ""
    when: str = ""
    diff: list[Piece] = field(default_factory=list)
    since: date | None = None  # the old text was said from this day on, if known
    until: date | None = None


def events(response: str) -> list[Event]:
    """All of it, the newest first."""
    revisions = list(
        AnswerRevision.objects.filter(response=response)
        .exclude(state=State.PUBLISHING)
        .select_related("author", "decided_by")
        .order_by("-pk")[:MOST_SHOWN]
    )
    words = whens(response)
    found = [
        replace(
            _of_revision(each, revisions), when=words.get(each.variant, each.variant)
        )
        for each in revisions
    ]
    deeds = Entry.objects.filter(subject=subject(response), action__in=DEEDS)
    found += [_of_deed(entry) for entry in deeds.order_by("-number")[:MOST_SHOWN]]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _of_revision(revision: AnswerRevision, others: list[AnswerRevision]) -> Event:
    at = revision.decided_at or revision.created_at
    if revision.kind == Kind.REVIEW:
        return Event(at, "Reviewed: the words stay", str(revision.decided_by), revision)
    before = [
        each.decided_at
        for each in others
        if each.state == State.APPROVED
        and each.kind == Kind.EDIT
        and each.new_version == revision.old_version
        and each.decided_at
        and each.decided_at < at
    ]
    return Event(
        at,
        {
            State.PROPOSED: "Proposed",
            State.APPROVED: "New words approved",
            State.REJECTED: "Proposal rejected",
            State.WITHDRAWN: "Proposal withdrawn",
        }[State(revision.state)],
        str(revision.decided_by or revision.author),
        revision,
        reason=revision.reason,
        diff=changes(revision.old_text, revision.new_text),
        since=_day(max(before, default=None)),
        until=_day(at) if revision.state == State.APPROVED else None,
    )


def _of_deed(entry: Entry) -> Event:
    version = str(entry.detail.get("version") or "")
    return Event(
        entry.at,
        DEEDS[entry.action],
        entry.actor,
        reason=str(entry.detail.get("reason") or ""),
        version="all its texts" if version == "all" else f"version {version}",
    )


def _day(at: datetime | None) -> date | None:
    return at.astimezone(texts().clinic.time_zone).date() if at else None
