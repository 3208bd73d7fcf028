"""What a message asks: days, parking or address, the lowest age, an insurer."""

from datetime import date
from pathlib import Path

import pytest

from clinic.asked import asked_of_office, asks_for_age, billed_insurers
from clinic.asked_days import asked_days
from clinic.profile import load_clinic

CLINIC = load_clinic(Path(__file__).resolve().parents[2] / "clinic.yml")
MONDAY = date(2026, 11, 23)


# fmt: off
@pytest.mark.parametrize("text, days", [
    ("are you open on thanksgiving",        ["2026-11-26"]),
    ("r u open Thanksgiving Day?",          ["2026-11-26"]),
    ("open this thursday?",                 ["2026-11-26"]),
    ("open tomorrow",                       ["2026-11-24"]),
    ("are you open on monday",              ["2026-11-23"]),
    ("open next monday",                    ["2026-11-30"]),
    ("are you open mondays",                ["2026-11-23"]),
    ("and sat?",                            ["2026-11-28"]),
    ("open on the weekend",                 ["2026-11-28", "2026-11-29"]),
    ("are you open today",                  ["2026-11-23"]),
    ("open on xmas",                        ["2026-12-25"]),
    ("hours on new year's day",             ["2027-01-01"]),
    ("are you open dec 24",                 ["2026-12-24"]),
    ("open on the 4th of july",             ["2027-07-04"]),
    ("are you open 11/27",                  ["2026-11-27"]),
    ("what about the 2nd",                  ["2026-12-02"]),
    ("open labor day",                      ["2027-09-06"]),
    ("are you open on christmas eve",       []),
    ("black friday hours",                  []),
    ("february 30",                         []),
    ("when are you open",                   []),
    ("how late are you open now",           []),
    ("mon, tue, wed and thu",               ["2026-11-23", "2026-11-24", "2026-11-25"]),
])
def test_days_of_a_question(text, days):
    assert [str(day) for day in asked_days(text, CLINIC, MONDAY)] == days


@pytest.mark.parametrize("text, about", [
    ("where do i park",                          "parking"),
    ("is there parking there",                   "parking"),
    ("is there parking on saturday",             None),
    ("adress?",                                  "address"),
    ("what's your address",                      "address"),
    ("where are you located",                    "address"),
    ("wheres the clinic",                        "address"),
    ("are you open tomorrow",                    "day"),
    ("where are you and when are you open",      None),
    ("what are your hours",                      None),
    ("how late",                                 None),
])
def test_one_side_of_hours_and_place(text, about):
    assert asked_of_office(text, asked_days(text, CLINIC, MONDAY)) == about


@pytest.mark.parametrize("text, ages, asks", [
    ("how old do i have to be",             [],           True),
    ("do you treat teenagers",              ["under_18"], True),
    ("my 16 yr old, can she come",          ["16"],       True),
    ("i'm 16 can i get treated",            [],           True),
    ("i'm 61 can i get treated",            [],           False),
    ("do you take kids",                    [],           True),
    ("is there an age limit",               [],           True),
    ("i'm 45 can i get treated",            ["45"],       False),
    ("my grandma is 80",                    ["older_adult", "80"], False),
    ("what do you treat",                   [],           False),
])
def test_the_lowest_age_matters(text, ages, asks):
    assert asks_for_age(text, ages, CLINIC) is asks


@pytest.mark.parametrize("words, names", [
    (["blue cross"],            ["Blue Cross Blue Shield"]),
    (["BCBS"],                  ["Blue Cross Blue Shield"]),
    (["aetna", "cigna"],        ["Aetna", "Cigna"]),
    (["medicare"],              ["Medicare"]),
    (["medicare advantage"],    []),
    (["bcbs of texas"],         []),
    (["blue shield of california"], []),
    (["united healthcare"],     []),
    ([],                        []),
])
def test_a_short_form_names_an_insurer_the_clinic_bills(words, names):
    assert billed_insurers(words, CLINIC) == names
# fmt: on
