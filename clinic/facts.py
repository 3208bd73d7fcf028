"""Clinic facts as words for ``{placeholders}`` in approved texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from string import Formatter

from clinic.profile import WEEKDAYS, Clinic

ASK_US = "ask us for today's price"
# Holidays this near are said with the hours: nobody plans a visit by the usual week
# when the next two weeks differ from it.
HOLIDAYS_AHEAD = timedelta(days=14)
TREATMENT_WORDS = {
    "iv": "IV infusions",
    "injection": "injections",
    "spravato": "Spravato nasal spray",
    "at_home": "at-home treatment",
}


def clock_words(value: time) -> str:
    """A time as US patients read it: ``9 AM``, ``5:30 PM``."""
    hour = value.hour % 12 or 12
    minutes = f":{value.minute:02d}" if value.minute else ""
    return f"{hour}{minutes} {'AM' if value.hour < 12 else 'PM'}"


def hours_words(clinic: Clinic) -> str:
    """The usual week's hours, one line a day."""
    return "\n".join(
        f"{day.capitalize()}: {_hours_or_closed(clinic.hours.get(day))}"
        for day in WEEKDAYS
    )


def holidays_words(clinic: Clinic, today: date) -> str:
    """The holidays of the next two weeks, one line a day; a sentence if none.

    Args:
        clinic: the clinic.
        today: the clinic's own calendar day.
    """
    near = [
        day_words(clinic, day)
        for day in sorted(clinic.holidays)
        if today <= day <= today + HOLIDAYS_AHEAD
    ]
    return "\n".join(near) or "There is no holiday in the next two weeks."


def day_words(clinic: Clinic, day: date) -> str:
    """One calendar day: ``Thursday, November 26: closed (Thanksgiving)``."""
    holiday = clinic.holidays.get(day)
    words = f"closed ({holiday})" if holiday else _hours_or_closed(clinic.hours_on(day))
    return f"{day:%A}, {day:%B} {day.day}: {words}"


def _hours_or_closed(hours: tuple[time, time] | None) -> str:
    return f"{clock_words(hours[0])} to {clock_words(hours[1])}" if hours else "closed"


def referral_words(clinic: Clinic) -> str:
    """One sentence: whether this clinic asks for a referral."""
    needed = clinic.values.get("referral_needed")
    if needed is None:
        return "Ask us if you need a referral to come to us."
    if needed:
        return "You need a referral from a clinician to come to us."
    return "You do not need a referral to come to us."


def open_now_words(clinic: Clinic, now: datetime) -> str:
    """One sentence: open until when, or closed and opening when.

    Args:
        clinic: the clinic.
        now: an aware datetime, in any time zone.
    """
    closes = clinic.closes_at(now)
    if closes:
        return f"We are open now, until {clock_words(closes)} today."
    local = now.astimezone(clinic.time_zone)
    holiday = clinic.holidays.get(local.date())
    closed = f"We are closed today ({holiday})." if holiday else "We are closed now."
    opening = clinic.next_opening(now)
    if opening is None:
        return closed
    if opening.date() == local.date():
        day = "today"
    elif (opening.date() - local.date()).days == 1:
        day = "tomorrow"
    else:
        day = f"on {WEEKDAYS[opening.weekday()].capitalize()}"
    return f"{closed} We open again {day} at {clock_words(opening.time())}."


def list_words(items: list[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def facts_of(
    clinic: Clinic,
    now: datetime,
    *,
    days: Sequence[date] = (),
    named_insurers: Sequence[str] = (),
) -> dict[str, str]:
    """Every placeholder that an approved text may use, with its words.

    Args:
        clinic: the clinic.
        now: an aware datetime, for ``open_now`` and the holidays that are near.
        days: for ``asked_days``, else today.
        named_insurers: names from ``clinic.yml``, for ``insurer_named``, else all.
    """
    today = now.astimezone(clinic.time_zone).date()
    values = clinic.values
    prices = values.get("prices") or {}
    payment = values.get("payment") or {}
    offered = [TREATMENT_WORDS[item] for item in values.get("treatments") or []]
    insurers = [str(item) for item in values.get("insurers") or []]
    return {
        "clinic_name": str(values["name"]),
        "phone": str(values["phone"]),
        "email": str(values.get("email") or values["phone"]),
        "website": str(values.get("website") or ""),
        "booking_link": str(values.get("booking_link") or values["phone"]),
        "address": str(values["address"]),
        "parking": str(values.get("parking") or ""),
        "hours": hours_words(clinic),
        "holidays_soon": holidays_words(clinic, today),
        "asked_days": "\n".join(day_words(clinic, day) for day in days or [today]),
        "open_now": open_now_words(clinic, now),
        "treatments_offered": list_words(offered) if offered else "ask us",
        "price_consultation": str(prices.get("consultation") or ASK_US),
        "price_iv": str(prices.get("iv") or ASK_US),
        "price_injection": str(prices.get("injection") or ASK_US),
        "price_spravato": str(prices.get("spravato") or ASK_US),
        "price_at_home": str(prices.get("at_home") or ASK_US),
        "payment_methods": str(payment.get("methods") or "ask us"),
        "payment_plans": str(payment.get("plans") or "ask us"),
        "cancellation": str(payment.get("cancellation") or "Ask us."),
        "insurers": list_words(insurers) if insurers else "none at this time",
        "insurer_named": list_words(list(named_insurers) or insurers or ["no insurer"]),
        "referral": referral_words(clinic),
        "minimum_age": str(values.get("minimum_age") or 18),
        "privacy_contact": str(values.get("privacy_contact") or values["phone"]),
        "complaints_contact": str(values.get("complaints_contact") or values["phone"]),
    }


def placeholders_in(text: str) -> set[str]:
    """The ``{placeholders}`` of a text.

    Raises:
        ValueError: for a brace that opens or closes nothing.
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def fill(text: str, facts: dict[str, str]) -> str:
    """Puts the clinic's facts into a text.

    Raises:
        KeyError: names a placeholder that is no clinic fact.
    """
    return text.format_map(facts)
