"""200 private details through the chat API: none is kept or shown in clear anywhere.

Looked through afterwards: every file of the front desk and of the assistant (database
with its journal, logs, spool), Rasa's trackers, the metrics.
"""

# ruff: noqa: E501  (tables read better in one line each)

import random
import re
from urllib.parse import quote

import httpx
import pytest

from tests.frontdesk.gateway_for_tests import Patient, wait_until
from tests.frontdesk.hard_runs import PatientGateway, RealRasa

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(600)]

EACH = 25
FIRST_NAMES = """
Ambrose Bertilda Cosmo Desmona Evander Florimel Gideon Hesper Isidor Jessamy
Kestrel Leopolda Montague Nicanor Ottoline Peregrine Quillon Rosamund Septimus
Theodora Ulric Valeria Wilfreda Xanthe Yseult
"""
LAST_NAMES = """
Applegarth Brankovic Cuttlewell Dunmorrow Eastlake Fotheringay Grimsditch
Hollinrake Ingleborough Jagger Kettlethorpe Lanyon Micklethwait Nettlefold
Oxenbridge Pumphrey Quartermaine Rathbone Shuttleworth Thistlewood Umfreville
Venables Wigglesworth Yarborough Zwanziger
"""
MONTHS = "January February March April May June July August September"
FIRST, LAST = FIRST_NAMES.split(), LAST_NAMES.split()

# How each kind is written; {} is the canary.
# fmt: off
FORMS = {
    "name": ["my name is {}, how much is it?", "My name's {}.", "this is {} calling about an infusion", "I'm {} and I would like to book", "patient name: {}"],
    "phone": ["call me at {}", "my number is {} thanks", "{} is my cell, how long does it take?", "you can text {} after 5"],
    "email": ["write to {} please", "my email is {}", "{} is where you reach me"],
    "ssn": ["ssn {}", "my social security number is {}", "{} is my social"],
    "birth date": ["dob {}", "I was born on {}", "my date of birth is {}, do you treat that age?", "birthday: {}"],
    "member number": ["my member id is {}", "insurance number {}", "policy number: {}", "my member number is {}, is that covered?"],
    "address": ["I live at {}", "my address is {}", "send it to {} please", "{} is my home address"],
    "card": ["my card number is {}", "card {}", "can i pay with {}?", "visa number {}"],
}
# fmt: on


def _digits(chance, count):
    return "".join(chance.choice("123456789") for _ in range(count))


def _name(chance, number):
    return f"{FIRST[number]} {LAST[number]}"


def _phone(chance, number):
    area, last = f"{chance.randint(2, 9)}{_digits(chance, 2)}", f"01{number:02d}"
    return [
        f"{area}-555-{last}",
        f"({area}) 555-{last}",
        f"{area}.555.{last}",
        f"+1 {area} 555 {last}",
        f"{area}555{last}",
    ][number % 5]


def _email(chance, number):
    host = ["mail.example.com", "example.org", "clinic.example.net"][number % 3]
    plain = f"{FIRST[number]}.{LAST[number]}".lower()
    return f"{plain}{['', '+chat', '_77'][number % 3]}@{host}"


def _ssn(chance, number):
    parts = _digits(chance, 3), _digits(chance, 2), _digits(chance, 4)
    return ["-".join(parts), " ".join(parts), "".join(parts)][number % 3]


def _birth_date(chance, number):
    month, day, year = chance.randint(1, 9), 10 + number % 18, 1941 + 2 * number
    names = MONTHS.split()
    return [
        f"0{month}/{day}/{year}",
        f"{month}-{day}-{year}",
        f"{names[month - 1]} {day}, {year}",
        f"{year}-0{month}-{day}",
    ][number % 4]


def _member_number(chance, number):
    return [
        f"XQ{_digits(chance, 7)}",
        f"W{_digits(chance, 9)}",
        f"{_digits(chance, 3)}-{_digits(chance, 6)}",
        _digits(chance, 11),
    ][number % 4]


def _address(chance, number):
    street = f"{chance.randint(1000, 9899)} {LAST[number]}"
    return [
        f"{street} Street",
        f"{street} Ave, Apt {chance.randint(2, 90)}",
        f"{street} Lane, Boulder, CO 80301",
        f"{street} Road",
    ][number % 4]


def _card(chance, number):
    digits = f"4{_digits(chance, 14)}"
    total = sum(
        int(digit) if place % 2 else sum(divmod(2 * int(digit), 10))
        for place, digit in enumerate(digits)
    )
    digits += str(-total % 10)
    parts = [digits[place : place + 4] for place in range(0, 16, 4)]
    return [digits, " ".join(parts), "-".join(parts)][number % 3]


MAKERS = {
    "name": _name,
    "phone": _phone,
    "email": _email,
    "ssn": _ssn,
    "birth date": _birth_date,
    "member number": _member_number,
    "address": _address,
    "card": _card,
}


def canaries():
    """(kind, canary, message), the same ones at each run."""
    chance = random.Random(200)
    made = []
    for kind, forms in FORMS.items():
        for number in range(EACH):
            canary = MAKERS[kind](chance, number)
            made.append((kind, canary, forms[number % len(forms)].format(canary)))
    return made


def spellings(kind, canary):
    """What must not be found of a canary, in lower case."""
    found = {canary, quote(canary)}
    if kind in ("phone", "ssn", "card", "member number"):
        digits = re.sub(r"\D", "", canary)
        found |= {digits} if len(digits) > 8 else set()
    if kind == "name":
        found |= set(canary.split())
    if kind == "address":
        found.add(" ".join(canary.split(",")[0].split()[:2]))
    return {spelling.lower() for spelling in found}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def rasa(home):
    started = RealRasa(home).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def gateway(home, rasa):
    started = PatientGateway(home, rasa.port).start()
    yield started
    started.stop()


def places_of(gateway, rasa, patients):
    """Everything that is kept or shown, by name, in lower case."""
    token = {"token": rasa.token}
    headers = {"Authorization": f"Bearer {rasa.token}"}
    places = {
        str(file.relative_to(gateway.database.parent)): file.read_bytes()
        for file in gateway.database.parent.rglob("*")
        if file.is_file()
    }
    places["metrics"] = httpx.get(f"{gateway.url}/metrics", headers=headers).content
    for patient in patients:
        tracker = httpx.get(
            f"{rasa.url}/conversations/{patient.id}/tracker", params=token
        )
        assert tracker.status_code == 200
        assert tracker.json()["latest_message"]["text"], (
            "an empty tracker proves nothing"
        )
        places[f"tracker {patient.id}"] = tracker.content
        places[f"stream {patient.id}"] = repr(patient.messages()).encode()
    return {name: content.lower() for name, content in places.items()}


def test_no_canary_is_kept_in_clear(gateway, rasa):
    made = canaries()
    assert len({canary for _, canary, _ in made}) == 200
    patients = []
    for number, (kind, canary, message) in enumerate(made):
        if number % 10 == 0:  # a tracker remembers so many turns
            patients.append(Patient(gateway.url))
        patient = patients[-1]
        said = patient.say(message)
        assert said.status_code == 200, kind
        if number % 20 == 0:  # also by the other doors
            patient.http.post(
                "/chat/rest", json={"sender": patient.token, "message": message}
            )
            comment = {"message": patient.greeting[0]["id"], "thumb": "down"}
            patient.post("/chat/feedback", {**comment, "comment": message})
        if kind in ("name", "phone", "email"):
            form = {"name": "Jessamy Jagger", "phone": "303-555-0124"}
            form |= {kind: canary}
            assert patient.post("/chat/contact", form).status_code == 201
    for patient in patients:
        wait_until(lambda patient=patient: _is_answered(patient), 60)

    places = places_of(gateway, rasa, patients)

    database = places["frontdesk.sqlite3"] + places.get("frontdesk.sqlite3-wal", b"")
    assert b"[phone]" in database  # the messages are there, without the canaries
    assert {"log/rasa.log", "log/actions.log", gateway.log.name} <= set(places)
    found = [
        (kind, message, name)
        for kind, canary, message in made
        for spelling in spellings(kind, canary)
        for name, content in places.items()
        if spelling.encode() in content
    ]
    assert found == []


def _is_answered(patient):
    messages = patient.messages()
    last = max(m["id"] for m in messages if m["author"] == "patient")
    return any(m["author"] == "bot" and m["id"] > last for m in messages)
