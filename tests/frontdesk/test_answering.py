"""Who answers, what may go out, and what the patient gets when the assistant can't."""

# ruff: noqa: E501  (tables read better in one line each)

import json
import threading
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.answers import AnswerLibrary
from frontdesk.chat import (
    answering,
    instances,
    intake,
    last_gate,
    leases,
    message_log,
    statements,
    takeover,
)
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import BlockedAnswer, Conversation, Message, Ticket
from frontdesk.chat.rasa_client import Reply
from frontdesk.chat.texts import texts
from tests.frontdesk.gateway_for_tests import (
    CRISIS,
    FAQ,
    HAND_OFF,
    SUSPECTED,
    staff_member,
    wait_until,
)
from tests.frontdesk.run_async import run


def down():
    """What is said while Rasa is; other words when the clinic opens or closes."""
    return [bubble.text for bubble in texts().bubbles("utter_assistant_down")]


# fmt: off
OUT_OF_ORDER = [
    ("is down",             {"status": 503}),
    ("fails",               {"status": 500, "body": "<html>"}),
    ("says nothing",        {"messages": []}),
    ("says no JSON",        {"body": "hello"}),
    ("says a list",         {"body": "[]"}),
    ("says no text",        {"messages": [FAQ | {"text": " "}]}),
    ("says odd topics",     {"messages": [FAQ | {"topic": {"a": 1}}]}),
    ("says long topics",    {"messages": [FAQ | {"topic": "a" * 51}]}),
    ("says odd buttons",    {"messages": [FAQ | {"buttons": ["more"]}]}),
    ("lacks the parse",     {"body": '{"messages": [{"text": "hi"}]}'}),
    ("needs too long",      {"delay": 1.5}),
]
# fmt: on


@pytest.mark.parametrize(
    "behaviour", [row[1] for row in OUT_OF_ORDER], ids=[row[0] for row in OUT_OF_ORDER]
)
def test_fallback_with_ticket_where_rasa(patient, rasa, change, behaviour):
    change(RASA_SECONDS=0.5)
    given = dict(behaviour)
    rasa.say(*given.pop("messages", [FAQ]), **given)
    before = down()
    patient.say("how much is it?")

    said = [reply["text"] for reply in patient.replies(len(before))]
    assert said in (before, down())
    assert all(number in " ".join(said) for number in ("(555) 010-0199", "988", "911"))
    ticket = Ticket.objects.get(conversation=patient.id)
    assert (ticket.reason, ticket.resolved_at) == ("other_admin", None)


def test_reply_and_ticket_are_one_transaction(patient, rasa, change, monkeypatch):
    change(LEASE_SECONDS=0.5)
    rasa.say(HAND_OFF)

    def broken(*arguments, **fields):
        raise RuntimeError

    with monkeypatch.context() as broken_tickets:
        broken_tickets.setattr(message_log, "open_ticket", broken)
        patient.say("which dose?")
        wait_until(lambda: rasa.texts(patient))
        time.sleep(0.2)
        assert patient.messages()[-1]["author"] == "patient"

    # Nothing was promised; once tickets work, both are there.
    (reply,) = patient.replies()
    assert reply["text"] == HAND_OFF["text"]
    assert Ticket.objects.filter(conversation=patient.id).count() == 1


def test_reply_that_cannot_be_stored_gives_the_fallback(patient, monkeypatch):
    passed = last_gate.passed

    def stumble(conversation, bubbles):
        if bubbles[0].text == FAQ["text"]:
            raise RuntimeError
        return passed(conversation, bubbles)

    monkeypatch.setattr(last_gate, "passed", stumble)
    before = down()
    patient.say("how much is it?")

    said = [reply["text"] for reply in patient.replies(len(before))]
    assert said in (before, down())


# --- The last gate ---------------------------------------------------------------------
@pytest.mark.parametrize("version", ["abc", ""])
def test_blocked_answer_is_replaced(patient, rasa, version):
    blocked = FAQ | {"response": "utter_test_blocked"}
    row = BlockedAnswer.objects.create(
        response="utter_test_blocked", version=version, reason="wrong"
    )
    rasa.say(blocked, blocked | {"text": "and more of it"})
    patient.say("how much is it?")

    replies = patient.replies(2)

    row.delete()
    assert FAQ["text"] not in {reply["text"] for reply in replies}
    assert {reply["route"] for reply in replies} == {"not_understood"}
    assert Ticket.objects.get(conversation=patient.id).reason == "other_admin"


def test_other_version_of_a_blocked_answer_goes_out(patient):
    row = BlockedAnswer.objects.create(response=FAQ["response"], version="older")
    patient.say("how much is it?")

    (reply,) = patient.replies()

    row.delete()
    assert reply["text"] == FAQ["text"]


def test_crisis_text_is_never_blocked(patient, rasa):
    row = BlockedAnswer.objects.create(response=CRISIS["response"])
    rasa.say(CRISIS)
    patient.say("only the classifier sees it")

    (reply,) = patient.replies()

    row.delete()
    assert reply["text"] == CRISIS["text"]


def test_overdue_answer_is_replaced(patient, rasa, monkeypatch):
    answer = AnswerLibrary().variations("utter_cost")[0]
    rasa.say(FAQ | {"response": answer.name, "version": answer.version})
    monkeypatch.setattr(texts(), "now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    patient.say("how much is it?")

    replies = patient.replies(2)

    assert {reply["route"] for reply in replies} == {"not_understood"}


# --- Taken over ------------------------------------------------------------------------
@pytest.fixture
def open_office(monkeypatch):
    tuesday = datetime(2026, 11, 17, 18, tzinfo=UTC)
    monkeypatch.setattr(texts(), "now", lambda: tuesday)


def test_no_bot_text_while_a_person_is_there(patient, rasa, open_office):
    with patient.stream() as events:
        run(takeover.join(patient.id, staff_member("Maria")))
        patient.say("how much is it?")
        wait_until(
            lambda: (
                Message.objects.get(conversation=patient.id, author="patient").state
                == Message.State.ANSWERED
            )
        )
        run(takeover.say(patient.id, staff_member("Maria"), "Hello, I am Maria."))
        run(takeover.leave(patient.id, staff_member("Maria")))
        rasa.say(FAQ, delay=1.0)
        patient.say("and now?")
        (reply,) = patient.replies()
        wait_until(lambda: reply["id"] in events.ids)

    shown = patient.messages(patient.greeting[-1]["id"])
    assert [(m["author"], m.get("name")) for m in shown] == [
        ("system", "Maria"),
        ("patient", None),
        ("staff", "Maria"),
        ("system", "Maria"),
        ("patient", None),
        ("bot", None),
    ]
    names = [state["state"] for state in events.states]
    assert names[0] == "taken_over" and "handed_back" in names
    assert events.states[0]["name"] == "Maria"
    assert names.index("handed_back") < names.index("typing")


def test_no_fallback_while_a_person_is_there(patient, rasa):
    rasa.say(status=503)
    run(takeover.join(patient.id, staff_member("Maria")))
    patient.say("how much is it?")
    time.sleep(0.6)

    assert patient.messages()[-1]["author"] == "patient"
    assert not Ticket.objects.filter(conversation=patient.id).exists()


def test_person_who_joins_while_rasa_thinks_is_not_talked_over(patient, rasa):
    rasa.say(FAQ, delay=0.6)
    patient.say("how much is it?")
    wait_until(lambda: rasa.texts(patient))
    run(takeover.join(patient.id, staff_member("Maria")))
    time.sleep(1)

    assert patient.messages()[-1]["author"] == "system"


def test_two_people_do_not_take_over_at_once(patient, open_office):
    run(takeover.join(patient.id, staff_member("Maria")))
    run(takeover.join(patient.id, staff_member("Maria")))

    with pytest.raises(takeover.TakenOverError, match="Maria"):
        run(takeover.join(patient.id, staff_member("Ben")))
    run(takeover.leave(patient.id, staff_member("Maria")))
    run(takeover.leave(patient.id, staff_member("Maria")))

    authors = [message["author"] for message in patient.messages()]
    assert authors.count("system") == 2


# --- Leases and recovery ---------------------------------------------------------------
def _stored(patient, text):
    """A message as a gateway leaves it that dies right after."""
    written = intake.written(client_id=None, text=text)
    other = instances.Instance(settings.CLINIC_HOME / "instances")
    with transaction.atomic():
        accepted = intake.accept(patient.id, written, None, other.new_holder())
    other.close()
    return accepted.message


def test_what_a_crash_left_unanswered_is_answered(patient):
    _stored(patient, "left alone")

    (reply,) = patient.replies()

    assert reply["text"] == FAQ["text"]


def test_lease_of_another_gateway_is_respected_until_it_ends(patient, rasa):
    far = "2999-01-01T00:00Z"
    Conversation.objects.filter(pk=patient.id).update(
        lease_holder="another", lease_until=far
    )
    patient.say("hello")
    time.sleep(0.8)
    assert rasa.texts(patient) == []

    Conversation.objects.filter(pk=patient.id).update(lease_until="2026-01-01T00:00Z")

    patient.replies()
    assert rasa.texts(patient) == ["hello"]


def test_leases_of_a_dead_gateway_are_free_at_once(patient):
    other = instances.Instance(settings.CLINIC_HOME / "instances")
    Conversation.objects.filter(pk=patient.id).update(
        lease_holder=other.new_holder(), lease_until="2999-01-01T00:00Z"
    )
    patient.say("hello")
    time.sleep(0.8)
    assert len(patient.messages()) == len(patient.greeting) + 1

    other.close()

    patient.replies()
    assert other.name not in [file.stem for file in other._folder.iterdir()]


def test_a_message_takes_few_queries(patient):
    """Each costs more time of the processor than all that it asks of the disk."""
    written = intake.written(client_id="a-1", text="hello")
    reply = Reply([Bubble("Hello.", response="utter_greet", version="1")])
    with CaptureQueriesContext(connection) as taken_in, transaction.atomic():
        accepted = intake.accept(patient.id, written, None, "somebody")
    with CaptureQueriesContext(connection) as answered, transaction.atomic():
        answering._keep(accepted.claimed, reply)

    assert len(_statements(taken_in)) == 4
    assert len(_statements(answered)) == 5


def test_a_message_is_stored_as_django_would(patient):
    """The statement is our own; every column is as the model's own saving leaves it."""
    conversation = message_log.lock(patient.id)
    fields = {
        "author": Message.Author.BOT,
        "text": "100 % \u00fc \U0001f600",
        "client_id": "a-1",
        "check_in": True,
        "buttons": [{"id": "b", "title": "\u00fc"}],
        "confidence": 0.1,
        "safety": {"level": "none", "known": None},
        "sent_at": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    }
    with transaction.atomic():
        (ours,) = statements.insert(
            [Message(conversation=conversation, number=1001, **fields)]
        )
        fields["client_id"] = "a-2"
        djangos = Message.objects.create(
            conversation=conversation, number=1002, **fields
        )

    assert Message.objects.get(pk=ours.pk).number == 1001
    rows = [_row(ours.pk), _row(djangos.pk)]
    for own in ("id", "number", "client_id"):
        assert rows[0].pop(own) != rows[1].pop(own)
    assert rows[0] == rows[1]
    assert Message.objects.get(pk=ours.pk).safety == fields["safety"]


def _row(key):
    """As the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM chat_message WHERE id = %s", [key])
        names = [column[0] for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def _statements(captured):
    words = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return [q["sql"] for q in captured.captured_queries if q["sql"].startswith(words)]


def test_only_one_of_many_gets_the_lease(patient):
    _stored_far = Conversation.objects.filter(pk=patient.id)
    _stored_far.update(lease_holder="gone", lease_until="2999-01-01T00:00Z")
    _stored(patient, "hello")
    _stored_far.update(lease_holder="", lease_until=None)
    won = []

    def claim(name):
        with transaction.atomic():
            won.append(leases.claim(patient.id, name) is not None)
        connection.close()

    threads = [threading.Thread(target=claim, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(won) <= 1


def test_reply_that_comes_after_the_lease_is_dropped(patient, rasa, change):
    change(LEASE_SECONDS=0.2)
    rasa.say(FAQ | {"text": "too late"}, delay=0.6)
    patient.say("hello")
    wait_until(lambda: rasa.texts(patient))
    rasa.say(FAQ)

    (reply,) = patient.replies()
    time.sleep(0.8)

    assert reply["text"] == FAQ["text"]
    assert len(patient.replies()) == 1


def test_lease_is_given_back_after_a_second_opinion(patient, rasa):
    patient.say(SUSPECTED)
    known = len(patient.replies())

    patient.say("how much is it?")

    assert len(patient.replies(known + 1, seconds=3)) > known
    assert not Conversation.objects.get(pk=patient.id).lease_holder


def test_message_committed_too_late_for_its_sender_is_answered(
    patient, rasa, monkeypatch
):
    """Time may run out between the last look at the clock and the commit."""
    real = intake.accept

    def slow(*args):
        accepted = real(*args)
        transaction.on_commit(lambda: time.sleep(0.5))
        return accepted

    monkeypatch.setattr(intake, "accept", slow)
    answer = patient.say(SUSPECTED)
    monkeypatch.undo()

    assert answer.status_code == 503
    assert "988" in json.dumps(answer.json()["error"]["urgent"])
    assert patient.replies(seconds=4)
