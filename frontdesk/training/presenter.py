"""What the training pages show: corrections at their messages, and lists of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import QuerySet

from frontdesk.chat.models import Message
from frontdesk.inbox.provenance import percent
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission
from frontdesk.training.corrections import understood
from frontdesk.training.drafts import open_proposals
from frontdesk.training.intents import Choice, guesses, words_of
from frontdesk.training.models import Correction
from frontdesk.training.teaching import Advice, may_be_taught, suggested_text
from retraining.proposals import Proposal

State = Correction.State
MOST_LISTED = 100


@dataclass(frozen=True)
class Guess:
    """One of the likeliest intents, with the key that chooses it."""

    choice: Choice
    percent: str
    key: str


@dataclass(frozen=True)
class Annotation:
    """A patient's message as it can be corrected, or was."""

    message: Message
    reader: Person
    understood: str
    percent: str
    guesses: list[Guess] = field(default_factory=list)
    correction: Correction | None = None
    may_teach: bool = False
    proposals: list[Proposal] = field(default_factory=list)
    text: str = ""
    error: str = ""
    advice: Advice = field(default_factory=Advice)

    @property
    def words(self) -> str:
        """What the correction says."""
        return words_of(self.correction.intent) if self.correction else ""

    @property
    def second_words(self) -> str:
        """What the second reader says."""
        return words_of(self.correction.second_intent) if self.correction else ""

    @property
    def is_mine(self) -> bool:
        """Whether the reader has made the correction."""
        return self.correction is not None and self.correction.author_id in (
            None,
            self.reader.pk,
        )

    @property
    def may_read_again(self) -> bool:
        """Whether the reader can be the second one."""
        found = self.correction
        is_open = found is not None and not found.settled_at and not found.proposal
        return is_open and not self.is_mine

    @property
    def may_settle(self) -> bool:
        """Whether the reader can decide between the two others."""
        found = self.correction
        is_open = found is not None and found.state == State.DISPUTED
        return is_open and not self.is_mine and self.reader.may(Permission.APPROVE)

    @property
    def may_write(self) -> bool:
        """Whether there is an example to write."""
        found = self.correction
        return (
            found is not None
            and found.teaches
            and not found.proposal
            and self.may_teach
            and found.state != State.DISPUTED
        )


def annotation_of(
    message: Message,
    reader: Person,
    *,
    heard: Message | None = None,
    proposals: list[Proposal] | None = None,
    error: str = "",
    advice: Advice | None = None,
    text: str = "",
) -> Annotation:
    """A patient's message for a trainer.

    Args:
        message: of the patient.
        reader: who looks at it.
        heard: what carries the intent that was understood, where that is known.
        proposals: the open ones, where they are known.
        error: why something was refused.
        advice: why an example was not added.
        text: the example as it was written, if it was refused.
    """
    heard = heard or understood(message)
    found: Correction | None = getattr(message, "correction", None)
    ranked = guesses(heard.ranking, heard.intent)
    if found is not None and found.teaches and not found.proposal:
        proposals = open_proposals() if proposals is None else proposals
        text = text or suggested_text(found)
    return Annotation(
        message=message,
        reader=reader,
        understood=words_of(heard.intent),
        percent=percent(heard.confidence) if heard.intent else "",
        guesses=[
            Guess(choice, percent(confidence), str(number))
            for number, (choice, confidence) in enumerate(ranked, start=1)
        ],
        correction=found,
        may_teach=may_be_taught(message.conversation),
        proposals=proposals or [],
        text=text,
        error=error,
        advice=advice or Advice(),
    )


@dataclass(frozen=True)
class Row:
    """A correction in a list."""

    correction: Correction
    was: str
    right: str
    second: str

    @property
    def number(self) -> int:
        """Of its message."""
        return self.correction.message.number


def rows(found: QuerySet[Correction]) -> list[Row]:
    """Corrections for a list, oldest first."""
    people = ("author", "second", "settled_by", "message__conversation")
    return [
        Row(
            each,
            words_of(each.was_intent),
            words_of(each.intent),
            words_of(each.second_intent) if each.second_intent else "",
        )
        for each in found.select_related(*people).order_by("created_at")[:MOST_LISTED]
    ]


def waiting(reader: Person) -> list[Row]:
    """Those that this person can read as the second one."""
    found = Correction.objects.filter(state=State.WAITS, proposal="")
    return rows(found.exclude(author=reader))


def disputed() -> list[Row]:
    """Those that a clinician settles."""
    return rows(Correction.objects.filter(state=State.DISPUTED))


def teachable() -> list[Row]:
    """Those that are agreed on and in no proposal yet, where the patient allows it."""
    found = Correction.objects.filter(state=State.READY, proposal="")
    allowed = found.filter(message__conversation__improve=True)
    return rows(allowed.exclude(kind=Correction.Kind.RIGHT))
