"""Names of alerts and tickets as forms carry them, and what can go wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from frontdesk.chat.models import Alert, Ticket

# Tickets first: whoever locks both kinds does it in this order.
KINDS: dict[str, type[Alert] | type[Ticket]] = {"ticket": Ticket, "alert": Alert}
MOST_AT_ONCE = 200


class MatterError(ValueError):
    """Something can't be done; the words are for staff."""


class TooLateError(MatterError):
    """A colleague was faster."""


@dataclass(frozen=True, order=True)
class Ref:
    """Names one matter, as in ``alert-12``."""

    kind: str
    pk: int

    def __str__(self) -> str:
        return f"{self.kind}-{self.pk}"


def ref_of(matter: Alert | Ticket) -> Ref:
    """The name of a matter."""
    return Ref("alert" if isinstance(matter, Alert) else "ticket", matter.pk)


def refs_from(values: Iterable[str]) -> list[Ref]:
    """Names that came with a form.

    Raises:
        MatterError: if one is no such name, or there are none.
    """
    found = []
    for value in list(values)[:MOST_AT_ONCE]:
        kind, _, number = value.partition("-")
        if kind not in KINDS or not (number.isascii() and number.isdecimal()):
            raise MatterError("This entry does not exist.")
        found.append(Ref(kind, int(number[:18])))
    if not found:
        raise MatterError("Choose an entry first.")
    return found


def open_refs(conversation_id: UUID) -> list[Ref]:
    """Everything of a conversation that waits for staff."""
    return [
        Ref(kind, key)
        for kind, model in KINDS.items()
        for key in model.objects.filter(
            conversation_id=conversation_id, resolved_at=None
        ).values_list("pk", flat=True)
    ]
