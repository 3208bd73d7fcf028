"""The patient's own copy, erasure, and the form for a call back."""

import json
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from frontdesk.chat import crypto
from frontdesk.chat.models import (
    Alert,
    Contact,
    Conversation,
    Feedback,
    Message,
    Original,
    Ticket,
)
from frontdesk.chat.texts import texts

from tests.frontdesk.gateway_for_tests import (  # isort: skip
    HAND_OFF,
    OTHER_DATABASE,
    wait_until,
)

PRIVATE = "my name is Jane Doe, call 303-555-0182"
CRISIS = "i want to kill myself tonight"
CONTACT = {"name": "Jane Doe", "phone": "(303) 555-0182", "best_time": "mornings"}


def export(patient):
    answer = patient.http.get("/chat/export", headers=patient.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def erase(patient):
    return patient.http.delete("/chat/session", headers=patient.headers)


def the(model, patient):
    """The rows of a model that belong to a patient."""
    field = "conversation"
    if model in (Original, Feedback):
        field = "message__conversation"
    return model.objects.filter(**{field: patient.id})


# --- the copy -------------------------------------------------------------------------


def test_copy_has_everything_that_is_kept(patient, rasa):
    rasa.say(HAND_OFF)
    patient.say(PRIVATE)
    (reply,) = patient.replies()
    patient.post(
        "/chat/feedback", {"message": reply["id"], "thumb": "down", "comment": "hm"}
    )
    patient.post("/chat/contact", CONTACT)

    copy = export(patient)

    assert copy["messages"] == patient.messages()
    assert copy["conversation"] == str(patient.id)
    assert copy["consent"] == {"version": settings.CONSENT_VERSION, "improve": None}
    assert copy["started_at"] <= copy["exported_at"] < copy["ends_at"]
    (thumb,) = copy["feedback"]
    assert (thumb["message"], thumb["thumb"], thumb["comment"]) == (
        reply["id"],
        "down",
        "hm",
    )
    assert [each["reason"] for each in copy["handed_to_staff"]] == [
        "dosing",
        "call_back",
    ]
    assert copy["alerts"] == []
    kept = {each["what"]: each for each in copy["kept_encrypted"]}
    # Behind it: its reply, and the line that the contact data is kept.
    assert kept["original"]["message"] == copy["messages"][-3]["id"]
    assert kept["contact"]["since"]


def test_copy_shows_nothing_that_was_taken_out(patient):
    patient.say(PRIVATE)
    patient.replies()
    patient.post("/chat/contact", CONTACT)

    text = json.dumps(export(patient))

    assert "[NAME]" in text
    for private in ("Jane", "0182", "mornings"):
        assert private not in text


def test_copy_of_a_long_conversation_is_whole(patient):
    conversation = Conversation.objects.get(pk=patient.id)
    first = conversation.last_number + 1
    Message.objects.bulk_create(
        Message(conversation=conversation, number=number, author="bot", text="“x” \n é")
        for number in range(first, first + 1200)
    )

    numbers = [message["id"] for message in export(patient)["messages"]]

    assert numbers == list(range(1, first + 1200))


def test_copy_needs_the_token_and_counts_as_a_message(patient, gateway):
    other = gateway.patient()
    assert patient.http.get("/chat/export").status_code == 401
    assert export(other)["conversation"] == str(other.id)


# --- erasure --------------------------------------------------------------------------


def test_everything_is_erased(patient, rasa):
    rasa.say(HAND_OFF)
    patient.say(PRIVATE)
    (reply,) = patient.replies()
    patient.post("/chat/feedback", {"message": reply["id"], "thumb": "up"})
    patient.post("/chat/contact", CONTACT)
    assert the(Original, patient).exists()

    answer = erase(patient)

    assert answer.status_code == 200
    assert (answer.json()["erased"], answer.json()["alert_stays"]) == (True, False)
    assert "is erased" in answer.json()["text"]
    for model in (Message, Original, Feedback, Contact, Ticket, Alert):
        assert not the(model, patient).exists(), model
    assert rasa.forgotten.count(str(patient.id)) >= 1


def test_what_remains_says_that_there_was_a_conversation_and_no_more(patient, rasa):
    row = Conversation.objects.filter(pk=patient.id)
    row.update(locale="en", page="https://clinic.example/pain", improve=True)
    before = row.get()

    erase(patient)

    after = row.get()
    assert after.token_hash != before.token_hash
    assert (after.locale, after.page, after.improve) == ("", "", None)
    assert (after.taken_over_by, after.lease_holder) == ("", "")
    assert after.erased_at is not None
    kept = ("id", "consent_version", "created_at")
    assert [getattr(after, name) for name in kept] == [
        getattr(before, name) for name in kept
    ]


def test_token_opens_nothing_afterwards(patient):
    erase(patient)

    assert (
        patient.http.get("/chat/messages", headers=patient.headers).status_code == 401
    )
    assert patient.say("hello").status_code == 401
    assert erase(patient).status_code == 401


def test_an_open_urgent_alert_stays_without_content_and_the_patient_is_told(patient):
    patient.say(CRISIS)

    answer = erase(patient).json()

    assert answer["alert_stays"] is True
    assert "stays until they have dealt with it" in answer["text"]
    (alert,) = the(Alert, patient)
    assert (alert.route, alert.message, alert.acknowledged_at) == ("crisis", None, None)
    assert not the(Message, patient).exists()


def test_a_resolved_alert_goes_with_the_rest(patient):
    patient.say(CRISIS)
    the(Alert, patient).update(resolved_at=timezone.now())

    assert erase(patient).json()["alert_stays"] is False
    assert not the(Alert, patient).exists()


def test_an_answer_on_its_way_is_not_kept(patient, rasa):
    rasa.say(HAND_OFF, delay=1.0)
    patient.say("hello")
    wait_until(lambda: rasa.asked_by(patient))

    erase(patient)
    wait_until(lambda: Conversation.objects.get(pk=patient.id).erased_at)

    time.sleep(1.5)

    assert not the(Message, patient).exists()
    assert not the(Ticket, patient).exists()


def test_open_streams_end(patient):
    with patient.stream() as events:
        erase(patient)

        wait_until(lambda: events.is_over)

    assert events.states[-1] == {"state": "closed", "erased": True}


def test_rasa_forgets_once_more_when_nothing_can_be_on_its_way(patient, rasa, change):
    erase(patient)
    row = Conversation.objects.filter(pk=patient.id)
    assert row.get().tracker_erased_at is None
    before = rasa.forgotten.count(str(patient.id))

    row.update(erased_at=timezone.now() - timedelta(minutes=1))

    wait_until(lambda: row.get().tracker_erased_at)
    assert rasa.forgotten.count(str(patient.id)) == before + 1


def test_a_rasa_that_is_down_is_asked_again(patient, rasa):
    rasa.say(status=503)
    assert erase(patient).status_code == 200
    row = Conversation.objects.filter(pk=patient.id)
    row.update(erased_at=timezone.now() - timedelta(minutes=1))
    tried = rasa.forgotten.count(str(patient.id))
    wait_until(lambda: rasa.forgotten.count(str(patient.id)) > tried + 1)
    assert row.get().tracker_erased_at is None

    rasa.say()

    wait_until(lambda: row.get().tracker_erased_at)


@pytest.mark.skipif(bool(OTHER_DATABASE), reason="looks into SQLite's files")
def test_no_erased_word_is_left_in_the_database_file(patient, rasa):
    patient.say("a very particular zebracorn question")
    patient.replies()
    assert _in_files("zebracorn")
    erase(patient)
    row = Conversation.objects.filter(pk=patient.id)
    row.update(erased_at=timezone.now() - timedelta(minutes=1))

    wait_until(lambda: row.get().tracker_erased_at)

    wait_until(lambda: not _in_files("zebracorn"))


def _in_files(word):
    """Read by another process: to close the file in this one would end its locks."""
    file = settings.CLINIC_HOME / "frontdesk.sqlite3"
    files = [str(file), f"{file}-wal"]
    found = subprocess.run([sys.executable, "-c", SEARCH, word, *files])
    assert found.returncode in (0, 7)
    return found.returncode == 7


SEARCH = """
import pathlib, sys
word, *files = sys.argv[1:]
contents = [file.read_bytes() for file in map(pathlib.Path, files) if file.exists()]
sys.exit(7 if any(word.encode() in content for content in contents) else 0)
"""


# --- retention ------------------------------------------------------------------------


def test_originals_past_their_date_are_deleted_and_the_messages_stay(patient):
    patient.say(PRIVATE)
    patient.say("call 303-555-0183 instead")
    patient.replies(2)
    first, second = the(Original, patient).order_by("message__number")
    text = first.message.text

    Original.objects.filter(pk=first.pk).update(delete_after=timezone.now())

    wait_until(lambda: list(the(Original, patient)) == [second])
    assert Message.objects.get(pk=first.pk).text == text


# --- call back ------------------------------------------------------------------------


def test_contact_is_kept_encrypted_with_a_ticket_and_not_in_the_transcript(patient):
    before = patient.messages()

    answer = patient.post("/chat/contact", CONTACT)

    assert (answer.status_code, answer.json()["urgent"]) == (201, [])
    contact = the(Contact, patient).get()
    assert json.loads(crypto.decrypt(contact.ciphertext)) == CONTACT | {"email": ""}
    assert b"Jane" not in bytes(contact.ciphertext)
    ticket = the(Ticket, patient).get()
    assert (ticket.reason, ticket.route) == ("call_back", "admin")
    assert ticket.resolved_at is None
    # A line that somebody has the details, so that a patient finds it again.
    said = answer.json()["message"]
    assert patient.messages() == [*before, said]
    assert said["author"] == "system"
    assert said["text"] == texts().say("utter_contact_kept")
    assert OTHER_DATABASE or not _in_files("Jane Doe")


def test_what_the_front_desk_itself_says_is_spanish_for_who_wants_it(patient):
    patient.headers["Accept-Language"] = "es"

    kept = patient.post("/chat/contact", CONTACT).json()["message"]["text"]
    erased = patient.http.delete("/chat/session", headers=patient.headers).json()

    assert kept.startswith("Gracias. Nuestro personal tiene sus datos")
    assert erased["text"].startswith("Este chat está borrado")


def test_a_second_form_replaces_the_first(patient):
    patient.post("/chat/contact", CONTACT)
    patient.post("/chat/contact", {"name": "Jane", "email": "jane@mail.example"})

    contact = json.loads(crypto.decrypt(the(Contact, patient).get().ciphertext))

    assert (contact["email"], contact["phone"]) == ("jane@mail.example", "")
    assert the(Ticket, patient).count() == 1


# fmt: off
@pytest.mark.parametrize("body", [
    {},
    {"name": "Jane"},
    {"name": "", "phone": "303-555-0182"},
    {"name": "   ", "phone": "303-555-0182"},
    {"name": "J" * 101, "phone": "303-555-0182"},
    {"name": "Jane", "phone": "12345"},
    {"name": "Jane", "phone": "303-555-0182 " * 3},
    {"name": "Jane", "phone": "call me maybe"},
    {"name": "Jane", "email": "jane"},
    {"name": "Jane", "email": "jane@mail"},
    {"name": "Jane", "email": "jane@mail..example"},
    {"name": "Jane", "email": "jane doe@mail.example"},
    {"name": "Jane", "email": "a@b.example, c@d.example"},
    {"name": "Jane", "phone": "303-555-0182", "best_time": "x" * 201},
    {"name": ["Jane"], "phone": "303-555-0182"},
    {"name": "Jane", "phone": 3035550182},
])  # fmt: skip
def test_a_form_that_leads_nowhere_is_refused(patient, body):
    refused = patient.post("/chat/contact", body)

    assert refused.status_code == 422
    assert not the(Contact, patient).exists()
    assert not the(Ticket, patient).exists()


@pytest.mark.parametrize("reach", [
    {"phone": "303-555-0182"},
    {"phone": "+1 (303) 555.0182 ext. 12"},
    {"phone": "303/555/0182 x4"},
    {"email": "jane.o'neil+chat@mail.clinic.example"},
    {"email": "jane@müller.example"},
    {"phone": "", "email": " jane@mail.example "},
])  # fmt: skip
def test_usual_ways_to_be_reached_are_taken(patient, reach):
    assert patient.post("/chat/contact", {"name": "Zoë", **reach}).status_code == 201


def test_a_danger_in_the_form_is_seen(patient):
    answer = patient.post("/chat/contact", CONTACT | {"best_time": CRISIS})

    assert answer.status_code == 201
    assert {message["route"] for message in answer.json()["urgent"]} == {"crisis"}
    assert the(Alert, patient).get().route == "crisis"
    assert the(Contact, patient).exists()


def test_a_danger_in_a_refused_form_is_seen(patient):
    refused = patient.post("/chat/contact", {"name": CRISIS}).json()["error"]

    assert {message["route"] for message in refused["urgent"]} == {"crisis"}
    wait_until(lambda: the(Alert, patient).exists())


def test_contact_needs_the_token(patient):
    assert patient.http.post("/chat/contact", json=CONTACT).status_code == 401
