"""The queue: what is on top, what it says, and who may see what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.chat.crypto import encrypt
from frontdesk.chat.models import Contact, Conversation
from tests.frontdesk.gateway_for_tests import HAND_OFF, wait_until
from tests.staff.queue_for_tests import (
    QUEUE,
    alert,
    conversation,
    empty,
    entries,
    entry,
    key_of,
    say,
    ticket,
    words,
)


@pytest.fixture(autouse=True)
def queue(gateway):
    empty()


def test_order_is_risk_then_waiting_time(people):
    # fmt: off
    wanted = [
        alert("emergency", "overdose", minutes=2),
        alert("emergency", "physical", minutes=1),
        alert("crisis", "self_harm", minutes=30),
        alert("crisis", "abuse", minutes=3, whose=False),
        alert("crisis", "self_harm", minutes=90, is_drill=True),
        alert("emergency", "physical", minutes=50, acknowledged_at=timezone.now()),
        alert("crisis", "third_party", minutes=90, acknowledged_at=timezone.now()),
        ticket("other_medical", 1, conversation(after_urgent=True)),
        ticket("symptoms", 5),
        ticket("symptoms", 1),
        ticket("stop_medication", 600),
        ticket("pregnancy", 2),
        ticket("interactions", 9),
        ticket("dosing", 800),
        ticket("eligibility", 900),
        ticket("other_medical", 1),
        ticket("a_reason_of_tomorrow", 1),
        ticket("booking", 1, conversation(after_urgent=True)),
        ticket("human", 1),
        ticket("call_back", 2000),
        ticket("complaint", 1),
        ticket("billing_account", 3000),
        ticket("booking", 2),
        ticket("records_privacy", 1),
    ]
    # fmt: on

    page = people.responder.page(QUEUE)

    assert entries(page) == [key_of(each) for each in wanted]
    sections = [page.index(f">{title} (") for title in ("Urgent", "Medical questions")]
    assert page.index(f'id="{key_of(wanted[6])}"') < sections[1]
    assert sections[0] < page.index(f'id="{key_of(wanted[0])}"')
    assert page.index(">Front desk (") > page.index(f'id="{key_of(wanted[16])}"')


def test_everything_of_one_patient_is_one_entry(people):
    whose = conversation(after_urgent=True)
    first = alert("crisis", "self_harm", 5, whose)
    alert("crisis", "self_harm", 4, whose)
    ticket("call_back", 3, whose)

    page = people.responder.page(QUEUE)

    assert entries(page) == [key_of(first)]
    said = words(entry(page, first))
    assert "Crisis: thoughts of suicide or self-harm (2 times)" in said
    assert "Wants to be called back" in said
    assert "waiting 5 minutes" in said


def test_entry_shows_the_last_lines_and_those_that_raised_it(people):
    whose = conversation()
    told = say(whose, "is 900 mg too much for me")
    for number in range(8):
        say(whose, f"reply {number}", "bot")
    handed = ticket("dosing", 1, whose, message=told)
    long = say(whose, "word " * 100)

    said = words(entry(people.viewer.page(QUEUE), handed))

    assert "is 900 mg too much" in said
    assert "reply 7" in said and "reply 5" not in said
    assert long.text.strip() not in said and "word …" in said


def test_what_was_said_is_folded_but_never_of_somebody_in_danger(people):
    asked, hurt = conversation(), conversation()
    say(asked, "do you take my plan")
    say(asked, "Our staff will tell you.", "bot")
    told = say(hurt, "i want to end it all")
    handed = ticket("billing_account", 5, asked)
    raised = alert("crisis", "self_harm", 2, hurt, message=told)
    page = people.viewer.page(QUEUE)

    folded = entry(page, handed)
    before, inside = folded.split('<details class="more"')
    assert "“do you take my plan”" in before and "Our staff" not in before
    assert "Our staff will tell you." in inside.partition("</details>")[0]
    assert '<details class="more"' not in entry(page, raised)


def test_entry_shows_what_raised_the_alert_though_more_was_said(people):
    whose = conversation(after_urgent=True)
    say(whose, "Hello, I am the assistant.", "bot")
    raised = say(whose, "i want to end it all")
    say(whose, "Please call or text 988 now.", "bot", answers=raised)
    later = say(whose, "i am alone at home")
    say(whose, "Thank you for telling us.", "bot", answers=later, check_in=True)
    say(whose, "We are closed now.", "bot", answers=later)
    ticket("symptoms", 1, whose, message=later)
    called = alert("crisis", "self_harm", 2, whose, message=raised)

    said = words(entry(people.viewer.page(QUEUE), called))

    for shown in ("end it all", "alone at home", "Thank you for", "Low mood"):
        assert shown in said, shown
    for hidden in ("I am the assistant", "call or text 988", "We are closed"):
        assert hidden not in said, hidden


def test_patients_words_are_text_and_nothing_else(people):
    whose = conversation()
    say(whose, "<script>alert(1)</script>")
    handed = ticket("dosing", 1, whose)

    assert "&lt;script&gt;alert(1)" in entry(people.viewer.page(QUEUE), handed)


def _over(**fields):
    return conversation(expires_at=timezone.now() - timedelta(hours=1), **fields)


# fmt: off
REACH = [
    (lambda: conversation(),                         "has left the page"),
    (lambda: conversation(),                         "They left no number: ask"),
    (lambda: conversation(taken_over_by="Maria"),    "Maria is in the chat"),
    (lambda: _over(),                                "The chat is over"),
    (lambda: _over(),                                "can't be called back"),
    (lambda: conversation(closed_at=timezone.now()), "The chat is over"),
    (lambda: conversation(erased_at=timezone.now()), "has erased this chat"),
    (lambda: False,                                  "It is not known whose chat"),
]
# fmt: on


@pytest.mark.parametrize("make, told", REACH)
def test_entry_says_what_can_be_done_for_an_anonymous_visitor(people, make, told):
    raised = alert("crisis", "self_harm", 1, make())

    part = entry(people.responder.page(QUEUE), raised)

    assert told in words(part)
    reachable = raised.conversation and raised.conversation.erased_at is None
    assert bool(reachable) == ("Open the chat" in words(part))


# fmt: off
REFUSED = [
    ("no_session",    False, "Written before the chat was agreed to"),
    ("no_session",    False, "They read that you know of the danger, but not whose"),
    ("too_many",      True,  "Refused by the limit of messages a minute"),
    ("too_long",      True,  "Refused because the message was too long"),
    ("closed",        True,  "Written in a chat that was closed"),
    ("unauthorized",  False, "Written in a chat that was over or erased"),
    ("unavailable",   True,  "a part of the chat was down"),
    ("invalid_field", True,  "could not be read"),
    ("",              False, "could not be read"),
]
# fmt: on


@pytest.mark.parametrize("code, known, told", REFUSED)
def test_entry_of_a_refused_message_says_why_there_are_no_words(
    people, code, known, told
):
    whose = conversation() if known else False
    fields = {"origin": "refused", "refused_as": code}
    raised = alert("crisis", "self_harm", 1, whose, **fields)

    part = words(entry(people.responder.page(QUEUE), raised))

    assert told in part
    assert ("has left the page" in part) == known


def test_entry_says_whether_the_patient_is_still_there(people, patient, rasa):
    rasa.say(HAND_OFF)
    patient.say("how much may i take")
    patient.replies()
    handed = Conversation.objects.get(pk=patient.id).tickets.get()
    away = words(entry(people.responder.page(QUEUE), handed))
    with patient.stream():
        here = words(entry(people.responder.page(QUEUE), handed))
    wait_until(
        lambda: "left the page" in words(entry(people.responder.page(QUEUE), handed))
    )

    assert "has left the page" in away
    assert "There now" in here and "has the chat open: join it now" in here


def test_refused_request_is_an_alert_without_a_conversation(people, gateway):
    patient = gateway.patient()
    patient.http.post("/chat/messages", json={"text": "i want to kill myself"})

    def found():
        return [key for key in entries(people.viewer.page(QUEUE)) if "alert-" in key]

    assert wait_until(found)


def test_drill_says_that_it_is_one(people):
    drill = alert("crisis", "self_harm", whose=False, is_drill=True, origin="drill")

    said = words(entry(people.viewer.page(QUEUE), drill))

    assert "Drill. Crisis" in said and "nobody is in danger" in said


def test_contact_data_are_shown_to_who_may_and_recorded(people):
    whose = conversation()
    kept = '{"name": "Ann Low", "phone": "555 010 0142", "email": "", "best_time": ""}'
    Contact.objects.create(conversation=whose, ciphertext=encrypt(kept))
    asked = ticket("call_back", 1, whose)
    page = people.responder.page(QUEUE)
    viewers = people.viewer.page(QUEUE)
    address = f"/staff/conversations/{whose.pk}/contact"
    reason = {"reason": "To call back, from the queue"}

    shown = people.responder.post(address, reason, headers={"HX-Request": "true"})

    assert address in entry(page, asked) and address not in viewers
    assert "555 010 0142" not in page + viewers
    assert "Ann Low" in shown.text and "555 010 0142" in shown.text
    row = Entry.objects.filter(subject=f"conversation {whose.pk}").latest("number")
    assert (row.action, row.person) == ("reveal contact", people.responder.person)
    assert people.viewer.post(address, reason).status_code == 403


def test_that_lines_were_shown_is_recorded_once_an_hour(people):
    reader = people.new("viewer")
    whose = conversation()
    say(whose, "hello")
    ticket("human", 1, whose)

    def rows():
        glances = Entry.objects.filter(action="glance", person=reader.person)
        return [row.detail["conversations"] for row in glances.order_by("number")]

    reader.page(QUEUE)
    reader.page(QUEUE)
    once = rows()
    other = ticket("human").conversation
    say(other, "hello")
    reader.page(QUEUE)

    assert once == [[str(whose.pk)]]
    assert rows() == [[str(whose.pk)], [str(other.pk)]]


def test_viewer_sees_the_queue_and_has_no_buttons(people):
    handed = ticket("dosing")

    part = entry(people.viewer.page(QUEUE), handed)

    assert "Dose" in words(part)
    assert "<button" not in part


@pytest.mark.parametrize("who, count", [("all", 2), ("nobody", 1), ("mine", 1)])
def test_queue_can_be_narrowed_but_never_hides_what_is_urgent(people, who, count):
    member = people.responder
    ticket("dosing", assigned_to=member.person)
    ticket("symptoms")
    page = member.page(f"{QUEUE}?who={who}")
    raised = alert("crisis", "self_harm", assigned_to=people.clinician.person)

    assert len(entries(page)) == count
    assert entry(member.page(f"{QUEUE}?who={who}"), raised)


def test_page_asked_for_by_htmx_is_the_list_alone(people):
    handed = ticket("dosing")

    part = people.viewer.get(QUEUE, headers={"HX-Request": "true"}).text

    assert entry(part, handed)
    assert "<html" not in part


def test_state_tells_of_unacknowledged_alerts_without_text_of_patients(people):
    whose = conversation(after_urgent=True)
    say(whose, "secret words")
    alert("crisis", "self_harm", 1, whose)
    alert("crisis", "self_harm", 2, whose)
    alert("emergency", "overdose", acknowledged_at=timezone.now())

    told = people.viewer.get("/staff/queue/state").json()

    title = "Crisis: thoughts of suicide or self-harm (2 times)"
    assert told == {"urgent": [{"key": f"c-{whose.pk}", "title": title}]}


def test_long_queue_costs_no_more_queries(people, gateway):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from frontdesk.inbox.queue import queue_for

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            queue_for(people.viewer.person)
        return len(seen)

    for _ in range(2):
        say(ticket("dosing").conversation, "hello")
    few = cost()
    for _ in range(30):
        say(ticket("dosing").conversation, "hello")

    assert cost() == few <= 8
