"""What a proposal may hold: examples, moved examples, words, stories, test stories.

Each item knows the conversation it came from. Used by ``retraining.proposals``.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from retraining.check_examples import EMAIL, MARKUP, NAMED, PHONE
from safety.redactor import redact

LONGEST_EXAMPLE = 500  # characters
LONGEST_TITLE = 150
PRIVATE = (("phone number", PHONE), ("e-mail address", EMAIL), ("name", NAMED))
# What the redactor leaves behind: a hole is no example.
TOKEN = re.compile(r"<[A-Z_]+>|\[[A-Z_]+\]")


class ItemError(ValueError):
    """Something can't be proposed; the message says why and what to do."""


@dataclass(frozen=True)
class Origin:
    """Where an item came from; empty for what staff wrote themselves."""

    conversation: str = ""
    messages: tuple[int, ...] = ()  # their numbers in the conversation
    correction: int | None = None

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The counterpart of ``asdict``."""
        return cls(
            conversation=str(values.get("conversation") or ""),
            messages=tuple(values.get("messages") or ()),
            correction=values.get("correction"),
        )


def new_id() -> str:
    """An id that no other item has."""
    return secrets.token_hex(6)


@dataclass(frozen=True)
class Item:
    """One thing that a proposal adds or moves."""

    kind: ClassVar[str] = ""
    origin: Origin = field(default_factory=Origin, kw_only=True)
    id: str = field(default_factory=new_id, kw_only=True)
    added_by: str = field(default="", kw_only=True)

    def validate(self) -> None:
        """Looks at the item alone.

        Raises:
            ItemError: says why it can't be proposed.
        """

    def as_json(self) -> dict[str, Any]:
        """What ``item_from_json`` reads."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Lineage:
    """Where one item came from, and where it stands."""

    item: Item
    origin: Origin
    file: str
    line: int


@dataclass(frozen=True)
class ExampleItem(Item):
    """A sentence that an intent is taught by."""

    kind = "example"
    intent: str
    text: str

    def validate(self) -> None:
        """(see parent class for full docstring)."""
        impersonal(self.text)
        if found := MARKUP.search(self.text):
            raise ItemError(
                f"'{found[0]}' can't stand in an example: write it in other words."
            )
        _name(self.intent, "intent")


@dataclass(frozen=True)
class MovedExample(Item):
    """An example of the training data that belongs to another intent, or nowhere."""

    kind = "moved"
    text: str
    wrong: str
    right: str  # empty: taken out

    def validate(self) -> None:
        """(see parent class for full docstring)."""
        _name(self.wrong, "intent")
        if self.right:
            _name(self.right, "intent")
        if self.wrong == self.right:
            raise ItemError(f"The example is in {self.right} already.")


@dataclass(frozen=True)
class TermItem(Item):
    """A word that a look-up table learns: such as a medicine or an insurer."""

    kind = "term"
    entity: str
    text: str
    synonym: str = ""  # the value it stands for; empty: itself

    def validate(self) -> None:
        """(see parent class for full docstring)."""
        impersonal(self.text)
        _name(self.entity, "entity")
        if not re.fullmatch(r"[\w][\w .'/&+-]{0,59}", self.text):
            raise ItemError("A word has 1 to 60 letters, digits, spaces, hyphens.")


@dataclass(frozen=True)
class StoryItem(Item):
    """A course of conversation; ``yaml`` was written by Rasa's own writer."""

    kind = "story"
    title: str
    steps: list[dict[str, Any]]
    yaml: str

    def validate(self) -> None:
        """(see parent class for full docstring)."""
        titled(self.title)
        if not any("intent" in step for step in self.steps):
            raise ItemError("A story needs at least one message of the patient.")
        if "action" not in (self.steps[-1] if self.steps else {}):
            raise ItemError("A story ends with what the assistant does.")


@dataclass(frozen=True)
class TestStoryItem(Item):
    """A conversation that is played after each training: text, route and topic."""

    __test__ = False  # not for pytest, despite the name
    kind = "test_story"
    title: str
    turns: list[dict[str, Any]]

    def validate(self) -> None:
        """(see parent class for full docstring)."""
        titled(self.title)
        if not self.turns:
            raise ItemError("A test story needs at least one message of the patient.")
        for turn in self.turns:
            impersonal(str(turn.get("patient") or ""))
            if not turn.get("route"):
                raise ItemError(f"'{turn.get('patient')}': say what should happen.")


_KINDS: dict[str, type[Item]] = {
    each.kind: each
    for each in (ExampleItem, MovedExample, TermItem, StoryItem, TestStoryItem)
}


def item_from_json(values: dict[str, Any]) -> Item:
    """An item as ``as_json`` wrote it.

    Raises:
        ItemError: for a kind that nobody knows.
    """
    fields = dict(values)
    kind = _KINDS.get(str(fields.pop("kind", "")))
    if kind is None:
        raise ItemError(f"'{values.get('kind')}' is no kind of item.")
    fields["origin"] = Origin.from_json(fields.get("origin") or {})
    return kind(**fields)


def impersonal(text: str) -> None:
    """Refuses what nobody may learn from.

    Raises:
        ItemError: if it is empty, too long, not one line, or reads like personal data.
    """
    if not text.strip() or len(text) > LONGEST_EXAMPLE or "\n" in text:
        raise ItemError(f"An example is one line of 1 to {LONGEST_EXAMPLE} characters.")
    if found := TOKEN.search(text):
        raise ItemError(
            f"'{found[0]}' stands for something private that was taken out: write the "
            f"sentence in other words."
        )
    for what, pattern in PRIVATE:
        if found := pattern.search(text):
            raise ItemError(f"'{found[0]}' reads like a {what}: take it out.")
    for piece in redact(text).removed:
        kind = piece.kind.replace("_", " ").lower()
        raise ItemError(f"'{piece.original}' reads like a {kind}: take it out.")


def titled(title: str) -> None:
    """Refuses a title that can't stand in a file.

    Raises:
        ItemError: says what a title is.
    """
    if not 3 <= len(title.strip()) <= LONGEST_TITLE or "\n" in title:
        raise ItemError(f"A title is one line of 3 to {LONGEST_TITLE} characters.")
    impersonal(title)


def _name(name: str, what: str) -> None:
    if not re.fullmatch(r"[a-z][a-z_]*", name):
        raise ItemError(f"'{name}' is no name of an {what}.")
