"""A person in danger gets the numbers at once, whatever else is broken or refused."""

# ruff: noqa: E501  (tables read better in one line each)

import json
import threading
import time
import uuid
from contextlib import suppress

import httpx
import pytest
from django.conf import settings

from frontdesk.chat import door, sessions, spool, takeover
from frontdesk.chat.arrival import Danger
from frontdesk.chat.models import Alert, Conversation, Message
from frontdesk.inbox import search_digests
from safety.danger_detector import Verdict
from tests.frontdesk.gateway_for_tests import (
    CERTAIN,
    CRISIS,
    FAQ,
    OVERDOSE,
    SUSPECTED,
    locked_database,
    staff_member,
    wait_until,
)
from tests.frontdesk.run_async import run

QUIET = "You can call or text 988 any time"


def _alerts(patient):
    return list(Alert.objects.filter(conversation=patient.id))


def _says_988(messages):
    return "988" in " ".join(message["text"] for message in messages)


@pytest.mark.parametrize("text, route", [(CERTAIN, "crisis"), (OVERDOSE, "emergency")])
def test_urgent_text_comes_with_the_answer_while_rasa_is_down(
    patient, rasa, text, route
):
    rasa.say(status=503)

    answer = patient.say(text).json()

    assert {reply["route"] for reply in answer["replies"]} == {route}
    assert _says_988(answer["replies"])
    (alert,) = _alerts(patient)
    assert (alert.route, alert.origin) == (route, "detector")
    assert alert.message.number == answer["message"]["id"]
    assert Conversation.objects.get(pk=patient.id).after_urgent
    # Rasa is told, and says nothing of its own.
    wait_until(lambda: rasa.texts(patient) == [text])
    assert len(patient.replies()) == len(answer["replies"])


def test_text_and_alert_are_one_transaction(patient, monkeypatch):
    def broken(**fields):
        raise RuntimeError

    monkeypatch.setattr(Alert.objects, "create", broken)

    answer = patient.say(CERTAIN)

    assert answer.status_code == 503
    assert _says_988(answer.json()["error"]["urgent"])
    assert len(patient.messages()) == len(patient.greeting)


def test_retry_of_an_urgent_message_gives_the_same_replies_and_one_alert(patient):
    first, again = patient.say(CERTAIN, "u").json(), patient.say(CERTAIN, "u").json()

    assert first == again
    assert len(_alerts(patient)) == 1


def test_reused_client_id_does_not_swallow_an_urgent_message(patient):
    patient.say("hello", "reused")

    answer = patient.say(CERTAIN, "reused")

    assert answer.status_code == 422
    assert _says_988(answer.json()["error"]["urgent"])
    wait_until(lambda: [alert.origin for alert in _alerts(patient)] == ["refused"])


def test_urgent_text_is_not_repeated_word_for_word(patient):
    first, second = (patient.say(CERTAIN).json()["replies"] for _ in range(2))

    assert [m["text"] for m in first] != [m["text"] for m in second]
    assert _says_988(second)


def test_later_replies_keep_one_quiet_line(patient, rasa):
    urgent = patient.say(CERTAIN).json()["replies"]
    patient.say("how much is it?")

    replies = patient.replies(len(urgent) + 2)[len(urgent) :]

    assert replies[0]["text"] == FAQ["text"]
    assert QUIET in replies[1]["text"]
    assert [button["title"] for button in replies[1]["buttons"]] == ["Talk to a person"]


def test_alarm_of_rasa_alone_makes_an_alert(patient, rasa):
    rasa.say(CRISIS)
    patient.say("something only the classifier understands")

    patient.replies()

    (alert,) = _alerts(patient)
    assert (alert.route, alert.topic, alert.origin) == (
        "crisis",
        "self_harm",
        "assistant",
    )
    assert Conversation.objects.get(pk=patient.id).after_urgent


def test_what_phrase_and_model_agree_on_is_certain_if_the_model_is_sure():
    def is_certain(probability):
        verdict = Verdict(
            "alarm", "crisis", "self_harm", "phrase+model", probability=probability
        )
        return Danger(verdict).is_certain

    assert is_certain(0.99)
    assert not is_certain(0.5)


# --- A phrase alone: Rasa has a moment to say otherwise --------------------------------
def test_rasa_may_contradict_a_phrase(patient, rasa):
    rasa.say(FAQ | {"check_in": True})

    answer = patient.say(SUSPECTED).json()

    assert [reply["text"] for reply in answer["replies"]] == [FAQ["text"]]
    assert answer["replies"][0]["check_in"]
    assert _alerts(patient) == []


# fmt: off
NO_CONTRADICTION = [
    ("agrees",   {"messages": [CRISIS]}),
    ("is slow",  {"messages": [FAQ], "delay": 1.0}),
    ("is down",  {"status": 503, "messages": []}),
    ("is empty", {"messages": []}),
]
# fmt: on


@pytest.mark.parametrize(
    "behaviour",
    [row[1] for row in NO_CONTRADICTION],
    ids=[row[0] for row in NO_CONTRADICTION],
)
def test_phrase_is_believed_where_rasa(patient, rasa, behaviour):
    rasa.say(*behaviour.pop("messages"), **behaviour)
    began = time.monotonic()

    answer = patient.say(SUSPECTED).json()

    assert time.monotonic() - began < 0.8
    assert {reply["route"] for reply in answer["replies"]} == {"crisis"}
    assert answer["replies"][0]["text"] != CRISIS["text"]
    (alert,) = _alerts(patient)
    assert alert.origin == "detector"
    time.sleep(1.2)
    assert len(patient.replies()) == len(answer["replies"])


def test_phrase_does_not_wait_behind_another_message(patient, rasa):
    rasa.say(FAQ, delay=1.5)
    patient.say("something slow")

    answer = patient.say(SUSPECTED).json()

    assert {reply["route"] for reply in answer["replies"]} == {"crisis"}
    wait_until(lambda: [m["text"] for m in patient.replies()].count(FAQ["text"]) == 1)


# --- Refused, but not unheard ----------------------------------------------------------
def _body(text=CERTAIN):
    return json.dumps({"client_id": uuid.uuid4().hex, "text": text}).encode()


def _refused(gateway, patient, kind, change):
    headers, path, body = dict(patient.headers), "/chat/messages", _body()
    if kind == "no token":
        headers = {}
    elif kind == "wrong token":
        headers = {"Authorization": "Bearer nobody"}
    elif kind == "expired token":
        Conversation.objects.filter(pk=patient.id).update(
            expires_at="2026-01-01T00:00Z"
        )
    elif kind == "over the rate":
        change(LIMITS={"message_session": 0, "message_address": 1000})
    elif kind == "closed":
        Conversation.objects.filter(pk=patient.id).update(closed_at="2026-01-01T00:00Z")
    elif kind == "long text":
        body = _body("a " * 3000 + CERTAIN)
    elif kind == "long body":
        body = _body("a " * 50_000 + CERTAIN)
    elif kind == "broken JSON":
        body = b'{"text": "' + CERTAIN.encode()
    elif kind == "no JSON":
        body = CERTAIN.encode()
    elif kind == "wrong field":
        body = json.dumps({"client_id": "a", "words": CERTAIN}).encode()
    elif kind == "odd text":
        body = json.dumps({"client_id": "a", "text": [CERTAIN]}).encode()
    elif kind == "wrong address":
        path += "/"
    elif kind == "rest, wrong token":
        path, headers = "/chat/rest", {}
        body = json.dumps({"sender": "nobody", "message": CERTAIN}).encode()
    return patient.http.post(path, content=body, headers=headers)


# fmt: off
REFUSALS = [
    ("no token",          401, "no_session"),
    ("wrong token",       401, "unauthorized"),
    ("expired token",     401, "unauthorized"),
    ("over the rate",     429, "too_many"),
    ("closed",            409, "closed"),
    ("long text",         413, "too_long"),
    ("long body",         413, "too_long"),
    ("broken JSON",       400, "malformed"),
    ("no JSON",           400, "malformed"),
    ("wrong field",       422, "invalid_field"),
    ("odd text",          422, "invalid_field"),
    ("wrong address",     404, "not_found"),
    ("rest, wrong token", 401, "unauthorized"),
]
# fmt: on


@pytest.mark.parametrize("kind, status, reason", REFUSALS)
def test_refusal_carries_the_urgent_text_and_leaves_an_alert_with_its_reason(
    gateway, patient, change, kind, status, reason
):
    before = Alert.objects.count()

    answer = _refused(gateway, patient, kind, change)

    assert answer.status_code == status
    error = answer.json()["error"]
    assert {message["route"] for message in error["urgent"]} == {"crisis"}
    assert _says_988(error["urgent"])
    wait_until(lambda: Alert.objects.count() == before + 1)
    alert = Alert.objects.latest("pk")
    assert (alert.origin, alert.topic) == ("refused", "self_harm")
    assert alert.refused_as == reason
    nameless = ("no token", "wrong token", "wrong address", "rest, wrong token")
    assert alert.conversation_id == (None if kind in nameless else patient.id)


def test_body_that_does_not_end_is_refused(gateway, patient, change):
    change(BODY_SECONDS=0.3)

    def slowly():
        yield b"{"
        time.sleep(1)
        yield b"}"

    answer = patient.http.post(
        "/chat/messages", content=slowly(), headers=patient.headers
    )

    assert answer.status_code == 408


def test_without_the_database_the_text_goes_out_and_the_alert_is_spooled(patient):
    patient.messages()
    with locked_database():
        began = time.monotonic()
        answer = patient.say(CERTAIN)
        took = time.monotonic() - began
        wait_until(spool.has_lines)
        # In one file or, being tried, in the other.
        kept = spool.file().parent.glob("*.jsonl")
        line = "".join(file.read_text() for file in kept)

    assert answer.status_code == 503
    assert _says_988(answer.json()["error"]["urgent"])
    assert took < 0.6
    assert "spool_id" in line
    assert CERTAIN not in line
    wait_until(lambda: len(_alerts(patient)) == 1, 15)
    wait_until(lambda: not spool.has_lines())
    assert _alerts(patient)[0].origin == "refused"
    # Nothing half done: the same message sent again is a message.
    assert len(patient.messages()) == len(patient.greeting)


SPOOLED = {
    "token_hash": None,
    "route": "crisis",
    "topic": "abuse",
    "created_at": "2026-11-22T10:00:00+00:00",
}


def test_spooled_line_read_twice_makes_one_alert(patient):
    from frontdesk.chat import alarms

    line = {"spool_id": uuid.uuid4().hex, **SPOOLED}
    for _ in range(2):
        spool.keep(line)
        run(alarms.drain())

    assert Alert.objects.filter(spool_id=line["spool_id"]).count() == 1


def test_what_hangs_does_not_hold_up_the_spool(patient, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()

    def hang():
        hangs.set()
        goes_on.wait(20)
        return []

    monkeypatch.setattr(search_digests, "_due", hang)
    try:
        assert hangs.wait(10)
        line = {"spool_id": uuid.uuid4().hex, **SPOOLED}
        spool.keep(line)
        wait_until(Alert.objects.filter(spool_id=line["spool_id"]).exists, 3)
    finally:
        goes_on.set()


def test_an_alert_is_kept_while_the_spool_waits_for_the_database(change, tmp_path):
    change(SPOOL=tmp_path / "spool")
    first, second = ({"spool_id": name, **SPOOLED} for name in ("first", "second"))
    spool.keep(first)
    began = time.monotonic()
    with suppress(LookupError), spool.lines() as lines:
        assert lines == [first]
        spool.keep(second)
        took = time.monotonic() - began
        raise LookupError  # the database is down after all

    assert took < 0.2
    with spool.lines() as lines:
        assert lines == [first, second]
    assert not spool.has_lines()


def test_torn_line_does_not_hold_up_the_others(patient):
    from frontdesk.chat import alarms

    spool.file().parent.mkdir(exist_ok=True)
    token_hash = sessions.hash_of(patient.token)
    line = {"spool_id": uuid.uuid4().hex, **SPOOLED, "token_hash": token_hash}
    spool.file().write_text('{"spool_id": "torn\n')
    spool.keep(line)
    run(alarms.drain())

    assert Alert.objects.filter(spool_id=line["spool_id"]).exists()


# --- While a person is there -----------------------------------------------------------
def test_urgent_text_goes_out_while_staff_has_taken_over(patient):
    run(takeover.join(patient.id, staff_member("Maria")))

    answer = patient.say(CERTAIN).json()

    assert _says_988(answer["replies"])
    assert len(_alerts(patient)) == 1


def test_comment_of_a_thumb_is_looked_at_too(patient):
    patient.say("hello")
    (reply,) = patient.replies()

    answer = patient.post(
        "/chat/feedback", {"message": reply["id"], "thumb": "down", "comment": CERTAIN}
    )

    assert _says_988(answer.json()["urgent"])
    assert len(_alerts(patient)) == 1


def test_page_on_another_origin_can_read_the_urgent_text(gateway, patient, monkeypatch):
    origin = "https://clinic.example"
    monkeypatch.setattr(settings, "CORS_ALLOWED_ORIGINS", [origin])

    answer = httpx.post(
        f"{gateway.url}/chat/messages",
        content=_body("a " * 50_000 + CERTAIN),
        headers={"Origin": origin},
    )

    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_query_of_a_thousand_parts_is_refused_with_the_urgent_text(patient):
    # Found by make fuzz: Django fails at it before any of its handlers can answer.
    answer = httpx.post(
        f"{patient.url}/chat/messages?" + "a=b&" * 2000,
        content=_body(CERTAIN),
        headers=patient.headers | {"Content-Type": "application/json; charset=utf-8"},
    )

    assert answer.status_code == 400
    assert _says_988(answer.json()["error"]["urgent"])


def test_door_answers_where_django_can_not():
    async def broken(scope, receive, send):
        raise RuntimeError

    async def receive():
        return {"type": "http.request", "body": _body(CERTAIN)}

    sent = []

    async def send(event):
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": "/chat/messages"}
    run(door.Door(broken)(scope, receive, send))

    assert [event.get("status") for event in sent] == [503, None]
    assert _says_988(json.loads(sent[1]["body"])["error"]["urgent"])


def test_message_row_keeps_the_verdict(patient):
    patient.say(CERTAIN)

    row = Message.objects.get(conversation=patient.id, author="patient")

    assert row.safety["reason"] == "certain"
