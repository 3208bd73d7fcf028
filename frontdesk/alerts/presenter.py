"""What the pages about urgent alerts show, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from frontdesk.alerts import drill
from frontdesk.alerts.channels import Reach, reach_of, words_of
from frontdesk.alerts.ladder import leaves_the_house
from frontdesk.alerts.models import Attempt, Drill
from frontdesk.chat.models import Alert
from frontdesk.inbox import labels

State = Attempt.State
GOOD = {State.DELIVERED, State.POSTED}
BAD = {State.FAILED, State.DRY_RUN, State.UNKNOWN}


@dataclass(frozen=True)
class ChannelShown:
    """A channel that leaves the house, and the last time that it was needed."""

    reach: Reach
    last: Attempt | None


@dataclass(frozen=True)
class StepShown:
    """A step of the ladder with what its channels are on this machine."""

    number: int
    when: str
    channels: list[ChannelShown | str]  # a place in the queue is only named


@dataclass(frozen=True)
class AttemptShown:
    """An attempt as a line of a history."""

    attempt: Attempt
    step: str
    mood: str  # "good", "bad" or "open", for a colour beside the words

    @property
    def channel(self) -> str:
        """Whom it tells, for people."""
        name = self.attempt.channel
        return words_of(name) if leaves_the_house(name) else _in_the_house(name)


@dataclass(frozen=True)
class AlertShown:
    """An alert with all that was done to tell people of it."""

    alert: Alert
    title: str
    is_open: bool
    waited: str  # until it was acknowledged, or until now
    attempts: list[AttemptShown]

    @property
    def reached(self) -> int:
        """How many messages left the house and were taken."""
        shown = (each.attempt for each in self.attempts)
        return sum(each.state == State.DELIVERED for each in shown)


@dataclass(frozen=True)
class DrillShown:
    """A drill as a line of the list."""

    drill: Drill
    who: str
    waited: str
    is_acknowledged: bool
    is_late: bool


def show_steps() -> list[StepShown]:
    """The ladder of this installation."""
    return [
        StepShown(
            number,
            f"after {duration(step.after)}" if step.after else "at once",
            [_show_channel(channel) for channel in step.channels],
        )
        for number, step in enumerate(settings.URGENT_LADDER.steps, 1)
    ]


def show_alert(alert: Alert, now: datetime) -> AlertShown:
    """The history of an alert; its attempts and their tries should be fetched."""
    end = alert.acknowledged_at or alert.resolved_at
    attempts = sorted(alert.attempts.all(), key=lambda each: (each.step, each.pk))
    title = "Drill" if alert.is_drill else labels.alert(alert.route, alert.topic)
    return AlertShown(
        alert=alert,
        title=title,
        is_open=end is None,
        waited=duration((end or now) - alert.created_at),
        attempts=[_show_attempt(attempt) for attempt in attempts],
    )


def show_drill(of: Drill, now: datetime) -> DrillShown:
    """How a drill went, or goes."""
    result = drill.result(of, now)
    who = str(of.started_by) if of.started_by else ""
    return DrillShown(
        drill=of,
        who=who or ("by the clock" if of.day else "command line"),
        waited=duration(result.waited),
        is_acknowledged=result.is_acknowledged,
        is_late=result.is_late,
    )


def duration(time: timedelta) -> str:
    """A length of time, in the two largest units."""
    seconds = max(int(time.total_seconds()), 0)
    units = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for name, length in units:
        count, seconds = divmod(seconds, length)
        if count:
            plural = "s" if name == "day" and count > 1 else ""
            parts.append(f"{count} {name}{plural}")
    return " ".join(parts[:2]) or "0 s"


def _show_channel(channel: str) -> ChannelShown | str:
    if leaves_the_house(channel):
        ended = Attempt.objects.filter(
            channel=channel, state__in=(State.DELIVERED, State.FAILED)
        )
        last = ended.order_by("-finished_at").first()
        return ChannelShown(reach_of(channel), last)
    return _in_the_house(channel)


def _in_the_house(channel: str) -> str:
    email = channel.partition(":")[2]
    return f"becomes the task of {email}" if email else "all who have the queue open"


def _show_attempt(attempt: Attempt) -> AttemptShown:
    last = len(settings.URGENT_LADDER.steps)
    again = f", again ({attempt.step - last + 1})" if attempt.step >= last else ""
    mood = "good" if attempt.state in GOOD else "bad" if attempt.state in BAD else ""
    return AttemptShown(attempt, f"Step {min(attempt.step + 1, last)}{again}", mood)
