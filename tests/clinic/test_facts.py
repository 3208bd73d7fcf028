"""Clinic facts as words, and placeholders."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from clinic.facts import (
    clock_words,
    facts_of,
    fill,
    holidays_words,
    hours_words,
    list_words,
    open_now_words,
    placeholders_in,
)
from clinic.profile import Clinic

DENVER = ZoneInfo("America/Denver")
NOON = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)  # a Monday in Denver


def _clinic(hours=None, holidays=None, **values):
    return Clinic(
        values={"name": "C", "phone": "(555) 010-0100", "address": "A", **values},
        hours={"monday": (time(9), time(17, 30))} if hours is None else hours,
        holidays=holidays or {},
        time_zone=DENVER,
    )


@pytest.mark.parametrize("value, words", [
    (time(0),      "12 AM"),
    (time(0, 5),   "12:05 AM"),
    (time(9),      "9 AM"),
    (time(11, 59), "11:59 AM"),
    (time(12),     "12 PM"),
    (time(12, 30), "12:30 PM"),
    (time(17, 30), "5:30 PM"),
    (time(23, 59), "11:59 PM"),
])  # fmt: skip
def test_clock_words(value, words):
    assert clock_words(value) == words


@pytest.mark.parametrize(
    "items, words",
    [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_list_words(items, words):
    assert list_words(items) == words


def test_hours_are_one_line_a_day():
    lines = hours_words(_clinic()).splitlines()

    assert len(lines) == 7
    assert lines[0] == "Monday: 9 AM to 5:30 PM"
    assert lines[1] == "Tuesday: closed"


@pytest.mark.parametrize("now, words", [
    ("2026-11-23 12:00", "We are open now, until 5:30 PM today."),
    ("2026-11-23 06:00", "We are closed now. We open again today at 9 AM."),
    ("2026-11-22 23:59", "We are closed now. We open again tomorrow at 9 AM."),
    ("2026-11-23 17:30", "We are closed now. We open again on Monday at 9 AM."),
])  # fmt: skip
def test_open_now(now, words):
    local = datetime.fromisoformat(now).replace(tzinfo=DENVER)

    assert open_now_words(_clinic(), local) == words
    assert open_now_words(_clinic(), local.astimezone(UTC)) == words


def test_open_now_names_the_holiday():
    holidays = {datetime(2026, 11, 23).date(): "Test Day"}

    words = open_now_words(_clinic(holidays=holidays), NOON)

    assert words == "We are closed today (Test Day). We open again on Monday at 9 AM."


def test_open_now_without_any_hours_promises_nothing():
    assert open_now_words(_clinic(hours={}), NOON) == "We are closed now."


def test_what_is_missing_has_words_all_the_same():
    facts = facts_of(_clinic(), NOON)

    assert facts["price_iv"] == "ask us for today's price"
    assert facts["insurers"] == "none at this time"
    assert facts["treatments_offered"] == "ask us"
    assert facts["booking_link"] == facts["privacy_contact"] == "(555) 010-0100"
    assert facts["minimum_age"] == "18"
    assert not [name for name, words in facts.items() if "None" in words]


def test_what_is_given_is_said():
    clinic = _clinic(
        prices={"iv": "$1"}, insurers=["Aetna", "Cigna"], treatments=["iv", "spravato"]
    )

    facts = facts_of(clinic, NOON)

    assert facts["price_iv"] == "$1"
    assert facts["insurers"] == "Aetna and Cigna"
    assert facts["treatments_offered"] == "IV infusions and Spravato nasal spray"


def test_fill_names_the_unknown_placeholder():
    with pytest.raises(KeyError, match="fax"):
        fill("Fax {fax}.", facts_of(_clinic(), NOON))


def test_placeholders_in_a_text():
    assert placeholders_in("Call {phone} or {email}, {phone}.") == {"phone", "email"}
    with pytest.raises(ValueError, match="'}'"):
        placeholders_in("Call {phone.")


def test_holidays_of_the_next_two_weeks_are_said_with_date_and_name():
    days = {date(2026, 11, 26): "Thanksgiving", date(2026, 12, 25): "Christmas Day"}
    clinic = _clinic(holidays=days)

    assert holidays_words(clinic, date(2026, 11, 23)) == (
        "Thursday, November 26: closed (Thanksgiving)"
    )
    assert holidays_words(clinic, date(2026, 12, 11)).endswith("(Christmas Day)")
    assert holidays_words(clinic, date(2026, 12, 26)) == (
        "There is no holiday in the next two weeks."
    )


def test_days_that_were_asked_about_are_lines():
    days = [date(2026, 11, 23), date(2026, 11, 26)]
    clinic = _clinic(holidays={days[1]: "Thanksgiving"})

    facts = facts_of(clinic, NOON, days=days)

    assert facts["asked_days"] == (
        "Monday, November 23: 9 AM to 5:30 PM\n"
        "Thursday, November 26: closed (Thanksgiving)"
    )


@pytest.mark.parametrize("given, words", [
    ({"referral_needed": False}, "You do not need a referral to come to us."),
    ({"referral_needed": True}, "You need a referral from a clinician to come to us."),
    ({}, "Ask us if you need a referral to come to us."),
])  # fmt: skip
def test_referral_is_what_the_clinic_says(given, words):
    assert facts_of(_clinic(**given), NOON)["referral"] == words
