"""A person joins, writes and leaves: over HTTP, with a patient at the other end."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.frontdesk.gateway_for_tests import (  # isort: skip
    CERTAIN,
    CRISIS,
    FAQ,
    HAND_OFF,
    wait_until,
)

from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.chat import takeover_ends
from frontdesk.chat.models import Alert, Conversation, Message, Takeover, Ticket
from frontdesk.chat.texts import texts

TUESDAY = datetime(2026, 11, 17, 18, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 18, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The office is open unless a test says otherwise."""

    def at(moment):
        monkeypatch.setattr(texts(), "now", lambda: moment)

    at(TUESDAY)
    return at


@pytest.fixture
def watched(monkeypatch):
    """The gateway has looked for ends for long enough to know who is lost."""
    monkeypatch.setattr(takeover_ends.watch, "since", timezone.now() - timedelta(1))


def path(patient, rest=""):
    return f"/staff/conversations/{patient.id}/{rest}"


def do(member, patient, deed, **fields):
    return member.post(path(patient, deed), fields, headers=HTMX)


def there(patient):
    return takeover_ends.current(patient.id)


def said(patient):
    behind = patient.greeting[-1]["id"]
    return [(m["author"], m["text"]) for m in patient.messages(behind)]


def actions(patient):
    found = Entry.objects.filter(subject=f"conversation {patient.id}")
    found = found.exclude(action="read").order_by("number")
    return list(found.values_list("action", flat=True))


def backdate(patient, **ages):
    for name, seconds in ages.items():
        past = timezone.now() - timedelta(seconds=seconds)
        Takeover.objects.filter(conversation=patient.id).update(**{name: past})


# --- The whole way ------------------------------------------------------------------
def test_person_joins_writes_and_hands_back(patient, people, rasa):
    responder = people.responder
    with patient.stream() as events:
        joined = do(responder, patient, "join")
        assert "You are in this chat" in joined.text
        assert joined.headers["HX-Trigger"] == "conversation-changed"
        patient.say("how much is it?")
        do(responder, patient, "say", text="  Hello, this is a person.  ")
        do(responder, patient, "typing")
        left = do(responder, patient, "leave")
        assert "Join as" in left.text
        wait_until(lambda: {"handed_back"} <= {s["state"] for s in events.states})

    assert [author for author, _ in said(patient)] == [
        "system",
        "patient",
        "staff",
        "system",
    ]
    assert said(patient)[2] == ("staff", "Hello, this is a person.")
    assert events.states[0] == {"state": "taken_over", "name": responder.name}
    assert {"state": "typing", "author": "staff"} in events.states
    assert actions(patient) == ["join", "reply", "leave"]
    ended = Takeover.objects.get(conversation=patient.id)
    assert (ended.end, ended.person) == ("left", responder.person)


def test_joining_takes_the_matters_and_leaving_may_resolve_them(patient, people, rasa):
    rasa.say(HAND_OFF)
    patient.say("how much should i take?")
    patient.replies()
    patient.say(CERTAIN)
    responder = people.responder
    do(responder, patient, "join")
    ticket = Ticket.objects.get(conversation=patient.id)
    alert = Alert.objects.get(conversation=patient.id)
    assert ticket.assigned_to == alert.assigned_to == responder.person
    assert alert.acknowledged_by == responder.person
    do(responder, patient, "leave", outcome="answered")

    ticket.refresh_from_db()
    alert.refresh_from_db()
    assert ticket.outcome == alert.outcome == "answered"
    assert ticket.resolved_by == alert.resolved_by == responder.person
    about = Entry.objects.filter(
        subject__in=[f"ticket {ticket.pk}", f"alert {alert.pk}"]
    )
    assert sorted(about.values_list("action", flat=True)) == [
        "claim",
        "claim",
        "resolve",
        "resolve",
    ]


def test_two_people_named_alike_are_two_people(patient, people):
    one = people.new("responder", name="Maria Lopez")
    other = people.new("clinician", name="Maria Lopez")
    do(one, patient, "join")
    refused = do(other, patient, "join")
    not_sent = do(other, patient, "say", text="It is me.")
    do(other, patient, "leave")

    assert "Maria Lopez is in this conversation." in refused.text
    assert "Not sent" in not_sent.text and "It is me." in not_sent.text
    assert there(patient).person == one.person
    assert "staff" not in {author for author, _ in said(patient)}


def test_message_sent_twice_is_one_message(patient, people):
    responder, once = people.responder, uuid.uuid4().hex
    do(responder, patient, "join")
    for _ in range(2):
        do(responder, patient, "say", text="Hello.", client_id=once)

    assert said(patient).count(("staff", "Hello.")) == 1


@pytest.mark.parametrize(
    "text, why",
    [("", "empty"), (" \n ", "empty"), ("\u200b", "empty"), ("a" * 4001, "4001")],
)
def test_text_that_can_not_be_sent_is_refused_in_words(patient, people, text, why):
    do(people.responder, patient, "join")
    answer = do(people.responder, patient, "say", text=text)

    assert why in answer.text
    assert said(patient)[-1][0] == "system"


def test_staffs_words_are_stored_as_written(patient, people):
    do(people.responder, patient, "join")
    do(
        people.responder,
        patient,
        "say",
        text="Call Ann Lee at 303-555-0100 <b>now</b>.",
    )

    assert said(patient)[-1][1] == "Call Ann Lee at 303-555-0100 <b>now</b>."


def test_nobody_writes_without_having_joined(patient, people):
    answer = do(people.responder, patient, "say", text="Hello.")

    assert "you are not in this chat" in answer.text
    assert said(patient) == []


def test_chat_that_is_over_can_not_be_joined(patient, people):
    over = timezone.now() - timedelta(minutes=1)
    Conversation.objects.filter(pk=patient.id).update(expires_at=over)

    assert "This chat is over" in do(people.responder, patient, "join").text
    assert there(patient) is None


def test_crisis_text_goes_out_and_nothing_else(patient, people, rasa):
    do(people.responder, patient, "join")
    rasa.say(CRISIS, FAQ)  # an urgent reply with something else in it
    patient.say("i feel so low")
    wait_until(lambda: Alert.objects.filter(conversation=patient.id).exists())

    texts_of_bot = [text for author, text in said(patient) if author == "bot"]
    assert any("988" in text for text in texts_of_bot)
    assert FAQ["text"] not in texts_of_bot


def test_what_was_understood_during_a_takeover_is_kept(patient, people, rasa):
    do(people.responder, patient, "join")
    patient.say("how much is it?")
    asked = Message.objects.filter(conversation=patient.id, author="patient")
    wait_until(lambda: asked.get().intent)

    assert (asked.get().intent, asked.get().model) == ("ask_cost", "m-1")


# --- How it ends --------------------------------------------------------------------
def test_closed_browser_ends_it_and_leaves_the_patient_to_somebody(
    patient, people, rasa, watched
):
    rasa.say(HAND_OFF)
    patient.say("how much should i take?")
    patient.replies()
    responder = people.responder
    do(responder, patient, "join")
    patient.say("are you there?")
    backdate(patient, seen_at=61)
    wait_until(lambda: there(patient) is None)

    ended = Takeover.objects.get(conversation=patient.id)
    ticket = Ticket.objects.get(conversation=patient.id)  # no second one
    assert ended.end == "lost"
    assert ticket.assigned_to is None and ticket.resolved_at is None
    left = Entry.objects.get(subject=f"conversation {patient.id}", action="leave")
    assert (left.person, left.actor) == (None, "takeover watch")
    assert left.detail == {"end": "lost", "person": responder.person.pk}
    assert (
        said(patient)[-1][0] == "system"
        and "has left this chat" in said(patient)[-1][1]
    )


def test_patient_who_was_left_waiting_gets_a_ticket(patient, people, rasa, watched):
    do(people.responder, patient, "join")
    patient.say("are you there?")
    backdate(patient, seen_at=61)
    wait_until(lambda: there(patient) is None)

    ticket = Ticket.objects.get(conversation=patient.id)
    assert (ticket.reason, ticket.message.text) == ("human", "are you there?")


def test_page_that_is_open_keeps_it(patient, people, watched):
    do(people.responder, patient, "join")
    backdate(patient, seen_at=50)
    assert do(people.responder, patient, "here").status_code == 204
    backdate_is_gone = timezone.now() - there(patient).seen_at

    assert backdate_is_gone < timedelta(seconds=10)


def test_heartbeat_of_another_person_counts_for_nothing(patient, people, watched):
    do(people.responder, patient, "join")
    backdate(patient, seen_at=50)
    do(people.clinician, patient, "here")

    assert timezone.now() - there(patient).seen_at > timedelta(seconds=45)


def test_who_says_nothing_for_long_is_warned_and_then_it_ends(patient, people):
    responder = people.responder
    do(responder, patient, "join")
    backdate(patient, active_at=480)
    news = responder.get(path(patient, f"news?shown=mine-{there(patient).pk}"))
    assert "In 2 minutes the chat goes back" in news.text
    still = do(responder, patient, "typing", still="1")
    assert still.headers["HX-Trigger"] == "conversation-changed"
    news = responder.get(path(patient, f"news?shown=mine-{there(patient).pk}&idle=2"))
    assert "goes back to the assistant" not in news.text
    assert 'name="idle" value=""' in news.text
    backdate(patient, active_at=601)
    wait_until(lambda: there(patient) is None)

    assert Takeover.objects.get(conversation=patient.id).end == "idle"


def test_who_was_gone_is_told_so(patient, people, watched):
    do(people.responder, patient, "join")
    backdate(patient, seen_at=61)
    wait_until(lambda: there(patient) is None)
    answer = do(people.responder, patient, "say", text="Sorry, I am back.")

    assert "Not sent: you are not in this chat. Join it first." in answer.text
    assert "Sorry, I am back." in answer.text


def test_nobody_is_lost_while_nobody_could_be_heard(patient, people):
    """After a restart of the gateway, or an outage of the database."""
    watch, now = takeover_ends._Watch(), timezone.now()
    assert not watch.look(now)
    for second in range(5, 60, 5):
        assert not watch.look(now + timedelta(seconds=second))
    assert watch.look(now + timedelta(seconds=60))
    assert not watch.look(now + timedelta(seconds=160))


def test_erasing_ends_it(patient, people):
    do(people.responder, patient, "join")
    patient.http.delete("/chat/session", headers=patient.headers)

    assert Takeover.objects.get(conversation=patient.id).end == "over"
    assert do(people.responder, patient, "say", text="Hello?").status_code == 404


def test_out_of_hours_the_patient_is_told_and_a_ticket_is_there(patient, people, clock):
    clock(SUNDAY)
    do(people.responder, patient, "join")
    do(people.responder, patient, "say", text="Hello.")
    do(people.responder, patient, "leave")

    assert "closed" in said(patient)[-1][1]
    assert Ticket.objects.get(conversation=patient.id).reason == "human"


def test_out_of_hours_no_ticket_where_it_was_dealt_with(patient, people, clock):
    clock(SUNDAY)
    do(people.responder, patient, "join")
    do(people.responder, patient, "leave", outcome="answered")

    assert not Ticket.objects.filter(conversation=patient.id).exists()


def test_alert_that_comes_up_meanwhile_is_seen_by_who_answers_it(patient, people):
    responder = people.responder
    do(responder, patient, "join")
    patient.say(CERTAIN)
    alert = Alert.objects.get(conversation=patient.id)
    assert alert.acknowledged_at is None  # it climbs until somebody answers
    do(responder, patient, "say", text="I am here with you.")

    alert.refresh_from_db()
    assert alert.acknowledged_by == alert.assigned_to == responder.person


def test_what_a_colleague_has_taken_meanwhile_stays_theirs(patient, people, rasa):
    rasa.say(HAND_OFF)
    patient.say("how much should i take?")
    patient.replies()
    do(people.responder, patient, "join")
    tickets = Ticket.objects.filter(conversation=patient.id)
    tickets.update(assigned_to=people.clinician.person)
    do(people.responder, patient, "say", text="A clinician will call you.")
    do(people.responder, patient, "leave", outcome="answered")

    assert tickets.get().assigned_to == people.clinician.person
    assert tickets.get().resolved_at is None
