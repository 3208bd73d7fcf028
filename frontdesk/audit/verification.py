"""Proves that nothing in the ledger was changed, removed, added or moved.

``python -m frontdesk verify_ledger`` and the ledger's page call ``verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from frontdesk.audit.models import Entry, Head
from frontdesk.audit.seals import Keys, is_sealed

AT_ONCE = 1000
# What a database raises for a value that is none of the column's kind.
UNREADABLE = (ValueError, TypeError, AttributeError, DatabaseError)


@dataclass(frozen=True)
class Broken:
    """The first entry that is not as it was written."""

    number: int
    why: str


@dataclass(frozen=True)
class Anchor:
    """An entry's number and seal, kept elsewhere: a ledger made anew hasn't got it."""

    number: int
    seal: str

    def __str__(self) -> str:
        return f"{self.number}:{self.seal}"

    @classmethod
    def of(cls, text: str) -> Anchor:
        """What ``str`` wrote.

        Raises:
            ValueError: if it is none.
        """
        number, _, seal = text.strip().partition(":")
        if not number.isdecimal() or len(seal) != 64:
            raise ValueError("write NUMBER:SEAL, as --anchor printed it")
        return cls(int(number), seal)


def verify(
    progress: Callable[[int], None] | None = None, *, against: Anchor | None = None
) -> Broken | None:
    """The first entry that is not as it was written; None if all are. Sync.

    Entries may be added meanwhile: only the last ones are read with the end locked.

    Args:
        progress: is told how far it has come, now and then.
        against: an anchor that must be found.
    """
    walk = _Walk(against)
    while batch := list(_after(walk.number)[:AT_ONCE]):
        if broken := walk.over(batch):
            return broken
        if progress:
            progress(walk.number)
    with transaction.atomic():
        heads = list(Head.objects.select_for_update().order_by("pk")[:2])
        rest = list(_after(walk.number))
        return walk.over(rest) or walk.end(heads)


def anchor() -> Anchor | None:
    """The newest entry's; None for an empty ledger."""
    last = Entry.objects.order_by("-number").values_list("number", "seal").first()
    return Anchor(*last) if last else None


def _after(number: int) -> QuerySet[Entry, int]:
    """Numbers alone: one unreadable entry must not hide the others."""
    # From the very start, so that nothing hides below 1.
    behind = Entry.objects.filter(number__gt=number) if number else Entry.objects.all()
    return behind.order_by("number").values_list("number", flat=True)


class _Walk:
    """The way along the chain."""

    def __init__(self, against: Anchor | None) -> None:
        self.number, self.seal = 0, ""
        self._keys = Keys()
        self._against = against

    def over(self, numbers: list[int]) -> Broken | None:
        """Checks the next entries."""
        for number, entry in _read(numbers):
            why = self._why_not(number, entry)
            if why:
                return Broken(self.number + 1, why)
            self.number, self.seal = number, entry.seal if entry else ""
        return None

    def _why_not(self, number: int, entry: Entry | None) -> str:
        if number != self.number + 1:
            return "is missing"
        if entry is None:
            return "can't be read"
        if not self._is_sealed(entry):
            return "was changed, or was not written by the front desk"
        if entry.previous != self.seal:
            return "does not follow the one before it"
        kept = self._against
        if kept and kept.number == number and kept.seal != entry.seal:
            return "is another one than when the anchor was written down"
        return ""

    def _is_sealed(self, entry: Entry) -> bool:
        try:
            return self._keys.fits(entry.content(), entry.seal)
        except UNREADABLE:
            return False

    def end(self, heads: list[Head]) -> Broken | None:
        """Checks that the ledger ends where it ended when it was last written."""
        missing = Broken(self.number + 1, "is missing at the end")
        if self._against and self._against.number > self.number:
            return missing
        if not heads and not self.number:
            return None
        if len(heads) != 1 or not is_sealed(heads[0].content(), heads[0].own_seal):
            return Broken(self.number + 1, "may be missing: the end was changed")
        found = (heads[0].number, heads[0].seal)
        return None if found == (self.number, self.seal) else missing


def _read(numbers: list[int]) -> Iterator[tuple[int, Entry | None]]:
    """The entries of these numbers; None for one that can't be read."""
    try:
        found = Entry.objects.in_bulk(numbers)
    except UNREADABLE:
        found = {}
    for number in numbers:
        yield number, found.get(number) or _read_one(number)


def _read_one(number: int) -> Entry | None:
    try:
        return Entry.objects.filter(number=number).first()
    except UNREADABLE:
        return None
