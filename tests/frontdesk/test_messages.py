"""A message's way: stored, answered, once, in order; and what is refused."""

# ruff: noqa: E501  (tables read better in one line each)

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from clinic.buttons import HUMAN_INTENT, button_id
from frontdesk.chat import crypto, danger
from frontdesk.chat.models import Conversation, Message, Original, Ticket
from safety.danger_detector import shared_detector
from safety.encoder import SentenceEncoder
from safety.vector_exchange import take_over
from tests.frontdesk.gateway_for_tests import FAQ, HAND_OFF

PRIVATE = "my name is Jane Doe, call 303-555-0182"


def test_message_is_stored_and_answered_with_provenance(patient, rasa):
    accepted = patient.say("how much is it?").json()

    (reply,) = patient.replies()

    assert accepted["message"]["id"] == patient.greeting[-1]["id"] + 1
    assert accepted["message"]["author"] == "patient"
    assert accepted["replies"] == []
    assert reply["id"] == accepted["message"]["id"] + 1
    shown = ("text", "route", "topic", "sources", "draft", "buttons")
    assert {name: reply[name] for name in shown} == {name: FAQ[name] for name in shown}
    row = Message.objects.get(conversation=patient.id, number=reply["id"])
    assert (row.intent, row.confidence, row.model) == ("ask_cost", 0.9, "m-1")
    assert (row.response, row.version) == (FAQ["response"], FAQ["version"])
    assert row.answers.number == accepted["message"]["id"]
    assert row.answers.state == Message.State.ANSWERED
    assert rasa.asked_by(patient) == [{"text": "how much is it?"}]


@pytest.mark.model
def test_rasa_gets_the_vectors_that_the_danger_detector_has_made(
    patient, rasa, monkeypatch
):
    monkeypatch.setattr(danger, "detector", shared_detector)
    texts = ["do you have parking", " how much is it, and when can i come to see you\n"]
    for count, text in enumerate([*texts, PRIVATE], start=1):
        patient.say(text)
        patient.replies(count)

    *vectors, of_redacted = rasa.vectors(patient)

    for text, given in zip(texts, vectors, strict=True):
        assert take_over(SentenceEncoder(), text.strip(), given)
    assert of_redacted is None  # they hold what was taken out


def test_same_client_id_gives_the_same_message_and_no_second_reply(patient, rasa):
    body = {"client_id": "once", "text": "hello"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: patient.post("/chat/messages", body), range(16))
        )

    patient.replies()

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    assert rasa.texts(patient) == ["hello"]
    assert len(patient.messages(patient.greeting[-1]["id"])) == 2


def test_client_id_of_other_words_is_refused(patient):
    patient.say("hello", "same")

    refused = patient.say("something else", "same")

    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "invalid_field"


def test_messages_are_answered_in_order_and_numbered_without_gap(patient, rasa):
    texts = [f"question {number}" for number in range(10)]
    for text in texts:
        patient.say(text)

    patient.replies(10)

    assert rasa.texts(patient) == texts
    numbers = [message["id"] for message in patient.messages()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_private_details_are_stored_encrypted_only(patient, rasa):
    shown = patient.say(PRIVATE).json()["message"]["text"]

    patient.replies()

    assert shown == "my name is [NAME], call [PHONE]"
    assert rasa.texts(patient) == [shown]
    original = Original.objects.get(message__conversation=patient.id)
    assert b"Jane" not in bytes(original.ciphertext)
    assert crypto.decrypt(original.ciphertext) == PRIVATE


def test_message_without_private_details_keeps_no_original(patient):
    patient.say("how does it work?")

    assert not Original.objects.filter(message__conversation=patient.id).exists()


def test_button_is_sent_by_its_id_and_shown_by_its_title(patient, rasa):
    button = button_id(HUMAN_INTENT)
    answer = patient.post("/chat/messages", {"client_id": "b", "button": button})

    patient.replies()

    assert answer.json()["message"]["text"] == "Talk to a person"
    assert rasa.asked_by(patient) == [{"button": button}]


def test_promised_hand_off_has_its_ticket(patient, rasa):
    rasa.say(HAND_OFF)
    with patient.stream() as events:
        patient.say("which dose is right for me?")
        (reply,) = patient.replies()

        ticket = Ticket.objects.get(conversation=patient.id)

        assert (ticket.reason, ticket.route) == ("dosing", "medical")
        assert ticket.message.number == reply["id"] - 1
        assert reply["handoff"] == "dosing"
    assert {"state": "handoff", "reason": "dosing"} in events.states


# fmt: off
REFUSED = [
    ("no object",          b"[]",                                      422, "invalid_field"),
    ("broken JSON",        b'{"client_id": "a", "text": "hel',         400, "malformed"),
    ("no UTF-8",           b'{"client_id": "a", "text": "\xff\xfe"}',  400, "malformed"),
    ("not a number",       b'{"client_id": "a", "text": NaN}',         400, "malformed"),
    ("deep",               b"[" * 9000,                                400, "malformed"),
    ("empty body",         b"",                                        422, "invalid_field"),
    ("no client id",       b'{"text": "hello"}',                       422, "invalid_field"),
    ("odd client id",      b'{"client_id": "a b", "text": "hello"}',   422, "invalid_field"),
    ("text is a number",   b'{"client_id": "a", "text": 7}',           422, "invalid_field"),
    ("nothing said",       b'{"client_id": "a"}',                      422, "invalid_field"),
    ("both",               b'{"client_id": "a", "text": "a", "button": "b"}', 422, "invalid_field"),
    ("only spaces",        b'{"client_id": "a", "text": " \\n "}',      422, "invalid_field"),
    ("only invisible",     b'{"client_id": "a", "text": "\\u200d\\u200b"}', 422, "invalid_field"),
    ("unknown button",     b'{"client_id": "a", "button": "b-0"}',     422, "invalid_field"),
    ("long text",          json.dumps({"client_id": "a", "text": "a " * 2500}).encode(), 413, "too_long"),
    ("long body",          json.dumps({"client_id": "a", "text": "a " * 50000}).encode(), 413, "too_long"),
]
# fmt: on


@pytest.mark.parametrize(
    "body, status, code", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_message_is_refused_in_plain_words(patient, body, status, code):
    answer = patient.http.post("/chat/messages", content=body, headers=patient.headers)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert "(555) 010-0199" in error["message"]
    assert "988" in error["message"] and "911" in error["message"]
    assert "urgent" not in error
    assert len(patient.messages()) == len(patient.greeting)


@pytest.mark.parametrize("text", ["half \ud83d an emoji", "zero\x00byte", "a\u202eb"])
def test_odd_characters_are_no_reason_to_refuse(patient, text):
    body = json.dumps({"client_id": uuid.uuid4().hex, "text": text})

    answer = patient.http.post("/chat/messages", content=body, headers=patient.headers)

    assert answer.status_code == 200
    stored = answer.json()["message"]["text"]
    assert not set(stored) & set("\x00\u202e\ud83d")


def test_too_many_messages_are_refused_with_the_time_to_wait(patient, change):
    change(LIMITS={"message_session": 2, "message_address": 1000})

    answers = [patient.say(f"message {number}") for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "too_many"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


def test_closed_conversation_takes_no_message(patient):
    Conversation.objects.filter(pk=patient.id).update(closed_at="2026-11-22T00:00Z")

    answer = patient.say("hello")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "closed")


def test_conversations_are_apart(gateway, patient):
    other = gateway.patient()
    patient.say("mine alone")

    assert "mine alone" not in json.dumps(other.messages())
    number = patient.messages()[-1]["id"]
    thumb = {"message": 9999, "thumb": "up"}
    assert other.post("/chat/feedback", thumb).status_code == 404
    assert number > len(other.messages())


def test_feedback_is_kept_redacted_and_the_newest_counts(patient):
    patient.say("hello")
    (reply,) = patient.replies()
    for thumb in ("up", "down"):
        answer = patient.post(
            "/chat/feedback",
            {"message": reply["id"], "thumb": thumb, "comment": PRIVATE},
        )
        assert answer.json() == {"urgent": []}

    row = Message.objects.get(conversation=patient.id, number=reply["id"])
    assert row.feedback.thumb == "down"
    assert row.feedback.comment == "my name is [NAME], call [PHONE]"


def test_own_message_takes_no_thumb(patient):
    number = patient.say("hello").json()["message"]["id"]

    answer = patient.post("/chat/feedback", {"message": number, "thumb": "up"})

    assert answer.status_code == 404
