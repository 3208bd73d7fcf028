"""The hand-off to staff: says when a person answers and sets why staff is asked.

Tickets and alerts are written by the front desk, never here: an action in the tracker
does not prove that it worked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from clinic.profile import Clinic, load_clinic
from clinic.topics import topic_of

SLOT_REASON = "handoff_reason"
DEFAULT_REASON = "human"
OPEN_RESPONSE = "utter_handoff_open"
CLOSED_RESPONSE = "utter_handoff_closed"


class ActionHandOff(Action):
    """Tells the patient whether somebody is there now, and keeps the reason."""

    def __init__(
        self, clinic: Clinic | None = None, *, now: Callable[[], datetime] | None = None
    ) -> None:
        """Takes what tests replace.

        Args:
            clinic: the clinic, else ``clinic.yml`` is read at each call.
            now: the clock, which gives aware datetimes.
        """
        self._clinic = clinic
        self._now = now or _utc_now

    def name(self) -> str:
        """(see parent class for full docstring)."""
        return "action_hand_off"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """(see parent class for full docstring)."""
        clinic = self._clinic or load_clinic()
        is_open = clinic.is_open(self._now())
        dispatcher.utter_message(response=OPEN_RESPONSE if is_open else CLOSED_RESPONSE)
        if tracker.get_slot(SLOT_REASON):
            return []
        return [SlotSet(SLOT_REASON, _reason(tracker))]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _reason(tracker: Tracker) -> str:
    """The topic of the latest intent; asking for a person if it has none."""
    intent = (tracker.latest_message or {}).get("intent") or {}
    return topic_of(intent.get("name")) or DEFAULT_REASON
