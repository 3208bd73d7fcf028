"""The stream: every message once and in order, whatever breaks on the way."""

import random
import threading
import time

import httpx
import pytest

from frontdesk.chat.limits import stream_slots
from frontdesk.chat.models import Conversation
from tests.frontdesk.gateway_for_tests import FAQ, wait_until


def test_stream_gives_history_then_what_happens(patient):
    with patient.stream() as events:
        patient.say("hello")
        wait_until(lambda: len(events.ids) == len(patient.greeting) + 2)

    assert events.ids == [message["id"] for message in patient.messages()]
    shown = [e["data"] for e in events.seen if e["event"] == "message"]
    assert shown == patient.messages()


@pytest.mark.parametrize(("delay", "is_said"), [(0.0, False), (1.0, True)])
def test_typing_is_said_of_a_reply_that_is_not_there_at_once(
    patient, rasa, delay, is_said
):
    rasa.say(FAQ, delay=delay)
    with patient.stream() as events:
        patient.say("hello")
        wait_until(lambda: len(events.ids) == len(patient.greeting) + 2)

    assert ({"state": "typing", "author": "bot"} in events.states) == is_said


def test_stream_resumes_without_gap_or_double(patient):
    """Reconnects at random while messages pour in; nothing is lost or repeated."""
    chance, seen, total = random.Random(3), [], 25

    def talk():
        for number in range(total):
            patient.say(f"message {number}")

    talking = threading.Thread(target=talk)
    talking.start()
    wanted = len(patient.greeting) + 2 * total
    until = time.monotonic() + 30
    while len(seen) < wanted and time.monotonic() < until:
        with patient.stream(seen[-1] if seen else 0) as events:
            time.sleep(chance.uniform(0.01, 0.3))
            seen += list(events.ids)
    talking.join()

    assert seen == list(range(1, wanted + 1))


def test_all_tabs_of_a_patient_see_the_same(patient):
    with patient.stream() as first, patient.stream() as second:
        patient.say("hello")
        wanted = len(patient.greeting) + 2
        wait_until(lambda: len(first.ids) == len(second.ids) == wanted)

    assert first.ids == second.ids


def test_messages_after_a_number_are_those_of_the_stream(patient):
    number = patient.say("hello").json()["message"]["id"]
    (reply,) = patient.replies()

    assert patient.messages(number) == [reply]
    assert patient.messages(reply["id"]) == []


def test_heartbeats_and_the_end_of_a_session(patient, change):
    change(HEARTBEAT_SECONDS=0.2)
    with patient.stream() as events:
        wait_until(lambda: events.comments >= 2)
        Conversation.objects.filter(pk=patient.id).update(
            expires_at="2026-01-01T00:00Z"
        )
        wait_until(lambda: events.is_over)

    assert events.states[-1] == {"state": "closed"}


def test_lost_hint_is_only_late(patient, change, monkeypatch):
    from frontdesk.chat.fanout import fanout

    change(HEARTBEAT_SECONDS=0.3)
    with patient.stream() as events:
        monkeypatch.setattr(fanout(), "_deliver", lambda *hint: None)
        patient.say("hello")
        wait_until(lambda: len(events.ids) == len(patient.greeting) + 2)


def test_patient_is_not_told_of_their_own_typing(patient):
    with patient.stream() as events:
        assert patient.post("/chat/typing", {"typing": True}).status_code == 204
        patient.say("hello")
        wait_until(lambda: len(events.ids) == len(patient.greeting) + 2)

    assert all(state.get("author") != "patient" for state in events.states)


def test_who_is_there_is_told_to_a_client_that_comes_back(patient):
    Conversation.objects.filter(pk=patient.id).update(taken_over_by="Maria")

    with patient.stream(last_id=2) as events:
        wait_until(lambda: events.states)

    assert events.states == [{"state": "taken_over", "name": "Maria"}]


def test_too_many_streams_are_refused_and_slots_come_back(patient, change):
    change(
        LIMITS={"streams_session": 1, "streams_address": 99, "streams": 99}
        | {"message_session": 99, "message_address": 9999}
    )
    wait_until(lambda: stream_slots().total == 0)
    with patient.stream() as events:
        assert events.status == 200
        refused = patient.http.get("/chat/stream", headers=patient.headers)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1

    wait_until(lambda: stream_slots().total == 0)
    with patient.stream() as events:
        assert events.status == 200


@pytest.mark.parametrize("value", ["-1", "abc", "1e3", "9" * 40, "²"])
def test_odd_last_event_id_is_no_failure(patient, value):
    headers = patient.headers | {"Last-Event-ID": value.encode()}
    with httpx.stream(
        "GET", f"{patient.url}/chat/stream", headers=headers, timeout=5
    ) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_lines()).startswith("retry:")
