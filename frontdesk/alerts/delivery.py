"""Sends one message through one channel: in time, and never a patient's word."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apprise import NotifyFormat, NotifyType
from django.conf import settings
from django.urls import reverse

from frontdesk.alerts.channels import (
    ChannelError,
    nobody_would_be_reached,
    service,
)
from frontdesk.alerts.models import Attempt
from frontdesk.chat.models import Alert

logger = logging.getLogger(__name__)

# Apprise says why in words of its own, which may name hosts: a few of them are enough.
_STATUS = re.compile(r"\berror=(\d{3})\b")
_CONNECTION = re.compile(r"connection|timed? ?out|socket", re.IGNORECASE)


@dataclass(frozen=True)
class Notice:
    """What goes out."""

    title: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    ``again`` if another try may help, ``may_have_arrived`` if nobody can know.
    """

    state: Any  # of Attempt.State
    error: str = ""
    again: bool = False
    may_have_arrived: bool = False


def prepare() -> None:
    """Loads what sending needs: no alert waits for it, nor holds the database."""
    _address_of_queue()
    if nobody_would_be_reached():
        logger.warning(
            "clinic.yml: urgent_alerts: no channel leaves the house. Only who has the "
            "queue open learns of an urgent alert."
        )


def notice(alert: Alert, now: datetime) -> Notice:
    """What people read: how long it waits, where, a link; nothing of the patient."""
    minutes = int((now - alert.created_at).total_seconds() // 60)
    unit = "minute" if minutes == 1 else "minutes"
    name = settings.CLINIC.values["name"]
    link = f"{_address_of_queue()}#alert-{alert.pk}"
    waits = f" waiting {minutes} {unit}" if minutes > 0 else ""
    if not alert.is_drill:
        return Notice("Urgent alert", f"Urgent alert{waits} at {name}: {link}")
    body = f"DRILL{waits} at {name}. No patient is concerned. Please acknowledge it"
    return Notice("Drill: urgent alert", f"{body}: {link}")


def trial_notice() -> Notice:
    """What a test of a channel says."""
    name = settings.CLINIC.values["name"]
    body = f"A test of the urgent alerts of {name}. There is nothing to do."
    return Notice("Test of urgent alerts", body)


def send(channel: str, what: Notice) -> Outcome:
    """Sends it; blocks for as long as the service takes."""
    try:
        made = service(channel)
    except ChannelError as error:
        return Outcome(Attempt.State.FAILED, str(error)[:200])
    if made is None:
        return dry_run(channel, what)
    try:
        result = made.notify(
            body=what.body,
            title=what.title,
            notify_type=NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
    except Exception as error:
        return Outcome(Attempt.State.FAILED, type(error).__name__, again=True)
    if result:
        return Outcome(Attempt.State.DELIVERED)
    return Outcome(Attempt.State.FAILED, _reason(result), again=True)


def dry_run(channel: str, what: Notice) -> Outcome:
    """Writes to the log what would be sent if the channel were set up."""
    logger.warning("Dry run, nobody is told. %s: %s", channel, what.body)
    return Outcome(Attempt.State.DRY_RUN)


async def send_in_time(channel: str, what: Notice) -> Outcome:
    """The same in a thread of its own, for ``ALERT_SEND_SECONDS`` and no longer.

    A service that hangs keeps its thread, not the one who waits, nor the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Outcome] = loop.create_future()

    def tell(outcome: Outcome) -> None:
        if not answer.done():
            answer.set_result(outcome)

    def work() -> None:
        try:
            outcome = send(channel, what)
        except Exception as error:
            outcome = Outcome(Attempt.State.FAILED, type(error).__name__, again=True)
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(tell, outcome)

    threading.Thread(target=work, name="alert", daemon=True).start()
    seconds = settings.ALERT_SEND_SECONDS
    try:
        return await asyncio.wait_for(answer, seconds)
    except TimeoutError:
        late = f"no answer in {seconds:g} seconds; it may have arrived"
        return Outcome(Attempt.State.FAILED, late, again=True, may_have_arrived=True)


def _address_of_queue() -> str:
    return f"{settings.PUBLIC_URL}{reverse('inbox:queue')}"


def _reason(result: Any) -> str:
    said = " ".join(entry.message for entry in result.logs())
    if status := _STATUS.search(said):
        return f"the service answered {status[1]}"
    if _CONNECTION.search(said):
        return "no connection to the service"
    return "the service did not take it"
