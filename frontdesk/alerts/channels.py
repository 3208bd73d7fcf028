"""What a channel of the ladder is here: an address that Apprise knows, or a dry run.

``sms:on_call`` is looked for in ``ALERT_CHANNEL_SMS_ON_CALL``, then in
``ALERT_CHANNEL_SMS``, where ``{to}`` stands for ``on_call``. With neither of them it is
a dry run: what would be sent is written to the log, and nobody is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import apprise
from django.conf import settings

from frontdesk.alerts.ladder import ALERT_PREFIX

TO = "{to}"
_ASSET = apprise.AppriseAsset(
    app_id="Front desk", app_desc="Front desk", app_url="", async_mode=False
)


# What people call the ways that clinic.yml names.
WAYS = {
    "email": "e-mail",
    "sms": "text message",
    "pager": "pager",
    "call": "phone call",
}


class ChannelError(ValueError):
    """The variable of a channel can't be used; says why, without quoting it."""


@dataclass(frozen=True)
class Reach:
    """Whom a channel would reach."""

    channel: str
    variable: str  # that is set, else the one to set
    problem: str = ""
    is_dry_run: bool = False

    @property
    def words(self) -> str:
        """The channel for people."""
        return words_of(self.channel)

    @property
    def is_real(self) -> bool:
        """Whether something would go out."""
        return not self.problem and not self.is_dry_run


def words_of(channel: str) -> str:
    """A channel for people: ``sms:on_call`` is ``text message to on call``."""
    way, _, to = channel.partition(":")
    if to and "@" not in to:
        to = to.replace("_", " ")
    said = WAYS.get(way, way.replace("_", " "))
    return f"{said} to {to}" if to else said


def variables_of(channel: str) -> list[str]:
    """The variables that may hold its address, the most special one first."""
    name, _, to = channel.partition(":")
    names = [f"{name} {to}", name] if to else [name]
    words = (re.sub("[^A-Z0-9]+", "_", each.upper()).strip("_") for each in names)
    return [ALERT_PREFIX + word for word in words]


def service(channel: str) -> apprise.Apprise | None:
    """Apprise with the address of a channel; None for a dry run.

    Raises:
        ChannelError: says what is wrong with the variable.
    """
    variable = _variable(channel)
    if variable is None:
        return None
    address, to = settings.ALERT_CHANNELS[variable], channel.partition(":")[2]
    if TO in address:
        address = address.replace(TO, quote(to, safe=""))
    elif to and variable == variables_of(channel)[-1]:
        raise ChannelError(
            f"{variable}: write {TO} where the address names whom it reaches, or put "
            f"the whole address into {variables_of(channel)[0]}."
        )
    made = apprise.Apprise(asset=_ASSET)
    if not made.add(address) or len(made) != 1:
        raise ChannelError(f"{variable}: this is no address that Apprise understands.")
    return made


def is_dry_run(channel: str) -> bool:
    """Whether no variable holds its address."""
    return _variable(channel) is None


def reach_of(channel: str) -> Reach:
    """Whether a channel would reach anybody, and what to do if not."""
    found = _variable(channel)
    variable = found or variables_of(channel)[0]
    try:
        service(channel)
    except ChannelError as error:
        return Reach(channel, variable, problem=str(error))
    return Reach(channel, variable, is_dry_run=found is None)


def nobody_would_be_reached() -> bool:
    """Whether no alert would leave these pages, whatever the ladder says."""
    return not any(reach_of(c).is_real for c in settings.URGENT_LADDER.outside)


def _variable(channel: str) -> str | None:
    known = settings.ALERT_CHANNELS
    return next((name for name in variables_of(channel) if known.get(name)), None)
