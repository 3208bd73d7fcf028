"""Who is told of an urgent alert, and when: ``urgent_alerts`` of ``clinic.yml``.

Read once, by the settings. Addresses with passwords are elsewhere: see ``channels``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from clinic.profile import ClinicFileError

INBOX = "inbox"
ALERT_PREFIX = "ALERT_CHANNEL_"  # of the variables with the addresses
KEYS = {"steps", "repeat_minutes", "drill_at", "drill_minutes"}
STEP_KEYS = {"after_minutes", "notify"}
LONGEST_CHANNEL = 200
# After a day it is no longer the ladder that helps.
REPEATED_FOR = timedelta(hours=24)
_CHANNEL = re.compile(r"[a-z][a-z0-9_]*(:\S(.*\S)?)?")
EXAMPLE = '- {after_minutes: 2, notify: ["email:nurse@clinic.example"]}'


@dataclass(frozen=True)
class Step:
    """At a time after the alert, these channels."""

    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Ladder:
    """The steps that an alert climbs until somebody acknowledges it."""

    steps: tuple[Step, ...] = (Step(timedelta(), (INBOX,)),)
    repeat: timedelta | None = timedelta(minutes=15)
    drill_at: time | None = None
    drill_within: timedelta = timedelta(minutes=10)

    def step(self, number: int) -> Step:
        """A step by its number; behind the last one it is the last one again."""
        return self.steps[min(number, len(self.steps) - 1)]

    def due(self, number: int, created_at: datetime, now: datetime) -> datetime | None:
        """When a step is due, not before ``now``; None if there is no such step."""
        if number < len(self.steps):
            return max(now, created_at + self.steps[number].after)
        if self.repeat is None or now + self.repeat > created_at + REPEATED_FOR:
            return None
        return now + self.repeat

    @property
    def outside(self) -> tuple[str, ...]:
        """The channels that leave the house, each once."""
        channels = [channel for step in self.steps for channel in step.channels]
        return tuple(dict.fromkeys(filter(leaves_the_house, channels)))


def leaves_the_house(channel: str) -> bool:
    """Whether it is e-mail, SMS and the like, not a place in the queue."""
    return channel.partition(":")[0] != INBOX


def read_ladder(block: Any, file: Path) -> Ladder:
    """The ladder of ``clinic.yml``; without one, alerts are in the queue alone.

    Args:
        block: what stands under ``urgent_alerts``, None if nothing does.
        file: for the words of an error.

    Raises:
        ClinicFileError: names the file, the key and what to do.
    """
    if block is None:
        return Ladder()
    return _Reader(file).ladder(block)


class _Reader:
    """Knows the file that errors name."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def ladder(self, block: Any) -> Ladder:
        if not isinstance(block, dict):
            raise self._error("", f"write steps: and under it {EXAMPLE}.")
        self._known(block, KEYS, "")
        repeat = self._minutes(block.get("repeat_minutes", 15), "repeat_minutes")
        within = self._minutes(block.get("drill_minutes", 10), "drill_minutes")
        if timedelta() < repeat < timedelta(minutes=1):
            raise self._error("repeat_minutes", "write 1 or more, or 0 for never.")
        if not within:
            raise self._error(
                "drill_minutes", "write how many it may take, such as 10."
            )
        return Ladder(
            steps=self._steps(block.get("steps")),
            repeat=repeat or None,
            drill_at=self._time(block.get("drill_at")),
            drill_within=within,
        )

    def _steps(self, steps: Any) -> tuple[Step, ...]:
        if not isinstance(steps, list) or not steps:
            raise self._error("steps", f"write one step a line: {EXAMPLE}.")
        read = tuple(self._step(step, number) for number, step in enumerate(steps, 1))
        for number, (before, after) in enumerate(pairwise(read), 2):
            if after.after <= before.after:
                where = f"steps: {number}: after_minutes"
                raise self._error(where, "each step comes later than the one before.")
        return read

    def _step(self, step: Any, number: int) -> Step:
        where = f"steps: {number}"
        if not isinstance(step, dict):
            raise self._error(where, f"write {EXAMPLE}.")
        self._known(step, STEP_KEYS, f"{where}: ")
        after = self._minutes(step.get("after_minutes"), f"{where}: after_minutes")
        channels = step.get("notify")
        if not isinstance(channels, list) or not channels:
            what = "write a list, such as [inbox] or [email:nurse@clinic.example]."
            raise self._error(f"{where}: notify", what)
        for channel in channels:
            self._channel(channel, f"{where}: notify")
        return Step(after, tuple(dict.fromkeys(channels)))

    def _channel(self, channel: Any, where: str) -> None:
        if (
            not isinstance(channel, str)
            or not _CHANNEL.fullmatch(channel)
            or len(channel) > LONGEST_CHANNEL
        ):
            raise self._error(
                where,
                f"'{channel}' is no channel. Write inbox, inbox:<e-mail of a person "
                f"with an account>, or a name of yours and whom it reaches, such as "
                f"email:nurse@clinic.example or sms:on_call.",
            )
        if "://" in channel:
            raise self._error(
                where,
                "no addresses with passwords here: write a name such as sms:on_call, "
                "and the address into the variable ALERT_CHANNEL_SMS_ON_CALL.",
            )

    def _minutes(self, value: Any, where: str) -> timedelta:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(where, f"'{value}' is no number of minutes.")
        if not 0 <= value <= 24 * 60:
            raise self._error(where, f"'{value}': write 0 to 1440 minutes.")
        return timedelta(minutes=value)

    def _time(self, value: Any) -> time | None:
        if value in (None, False, ""):
            return None
        try:
            return time.fromisoformat(value)
        except (TypeError, ValueError) as error:
            what = f"'{value}': write \"10:30\", in quotes, or leave it out."
            raise self._error("drill_at", what) from error

    def _known(self, block: dict[Any, Any], keys: set[str], where: str) -> None:
        for key in block:
            if key not in keys:
                what = f"is not known; write one of {', '.join(sorted(keys))}."
                raise self._error(f"{where}{key}", what)

    def _error(self, where: str, what: str) -> ClinicFileError:
        key = f"urgent_alerts: {where}" if where else "urgent_alerts"
        return ClinicFileError(f"{self._file}: {key}: {what}")
