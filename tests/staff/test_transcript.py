"""One conversation as staff see it: what is behind messages, revealing, the ledger."""

import json
import uuid
from datetime import timedelta

import pytest

from tests.frontdesk.gateway_for_tests import (  # isort: skip
    CERTAIN,
    FAQ,
    HAND_OFF,
    PARSE,
    wait_until,
)

from django.db import transaction
from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.chat import erasure
from frontdesk.chat.models import BlockedAnswer, Message, Original, Takeover
from frontdesk.inbox import conversations
from frontdesk.inbox.canned import canned_replies
from frontdesk.inbox.models import Flag, Note, Review, Tag

PRIVATE = "I am Sam Sample, call me at 303-555-0142 please"


def path(patient, rest=""):
    return f"/staff/conversations/{patient.id}/{rest}"


def entries(patient, action):
    subject = f"conversation {patient.id}"
    found = Entry.objects.filter(subject=subject, action=action)
    return list(found.order_by("number"))


@pytest.fixture
def told(patient):
    """A patient who has written their phone number, and was answered."""
    patient.say(PRIVATE)
    patient.replies()
    return patient


def number_of(patient, author="patient"):
    messages = Message.objects.filter(conversation=patient.id, author=author)
    return messages.order_by("number").last().number


# --- What is shown -----------------------------------------------------------------
def test_transcript_reads_like_a_chat_with_private_details_taken_out(told, people):
    page = people.viewer.page(path(told))

    assert "303-555-0142" not in page
    assert "It costs what it costs." in page
    assert f'id="message-{number_of(told)}"' in page
    assert page.index("Patient</b>") < page.index("It costs what it costs.")


def test_what_is_behind_a_message_is_there_on_demand(patient, rasa, people):
    rasa.say(FAQ | {"response": "utter_cost", "version": "abc"})
    patient.say("how much is it?")
    patient.replies()
    page = people.viewer.page(path(patient))

    for shown in ("<dd>Cost, 90 % sure</dd>", "Draft text"):
        assert shown in page, shown
    # Names of files and models stand apart from what staff need.
    plain, *technical = page.split("<dt>For developers</dt>")
    behind = " ".join(part.partition("</div>")[0] for part in technical)
    for name in ("intent ask_cost, 90 %", "text utter_cost, version abc", "model m-1"):
        assert name in behind and name not in plain, name
    assert "this text was changed since" in page
    assert "Cost</dd>" in page


def test_the_policy_that_chose_a_text_is_named(patient, rasa, people):
    reply = {
        "messages": [FAQ | {"response": "utter_cost"}, FAQ | {"response": "utter_x"}],
        "parse": PARSE,
        "policies": {"utter_cost": "RulePolicy", "action_y": "NewPolicy"},
        "model": "m-1",
    }
    rasa.say(body=json.dumps(reply))
    patient.say("how much is it?")
    patient.replies(2)
    page = people.viewer.page(path(patient))

    assert page.count("<dt>Chosen by</dt>") == 2
    assert page.count("<dd>a fixed rule</dd>") == 2
    assert page.count("<dd>RulePolicy chose utter_cost</dd>") == 2
    assert page.count("<dd>NewPolicy chose action_y</dd>") == 1


def test_sources_are_named_by_title(patient, rasa, people):
    rasa.say(FAQ)
    patient.say("how much is it?")
    patient.replies()
    page = people.viewer.page(path(patient))

    assert "<dt>Sources</dt>" in page
    assert "F-COST-01" not in page


def test_what_the_danger_detector_found_is_shown_with_the_alert(patient, people):
    patient.say(CERTAIN)
    page = people.viewer.page(path(patient))

    assert "Danger check: alarm" in page
    assert "Alert: Crisis: thoughts of suicide or self-harm" in page
    assert "not acknowledged yet" in page


def test_hand_off_and_thumb_stand_at_their_messages(patient, rasa, people):
    rasa.say(HAND_OFF)
    patient.say("how much should i take?")
    (reply,) = patient.replies()
    patient.post(
        "/chat/feedback",
        {"message": reply["id"], "thumb": "down", "comment": "<b>no</b> help"},
    )
    page = people.viewer.page(path(patient))

    assert "Hand-off: Dose" in page
    assert "Thumb down" in page
    assert "&lt;b&gt;no&lt;/b&gt; help" in page


def test_markup_in_a_message_is_text(patient, people):
    patient.say("<script>alert(1)</script> <img src=x onerror=alert(1)>")
    page = people.viewer.page(path(patient))

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_times_are_the_clinics(patient, people):
    long_ago = timezone.datetime(2026, 3, 3, 18, 30, tzinfo=timezone.UTC)
    Message.objects.filter(conversation=patient.id).update(sent_at=long_ago)
    page = people.viewer.page(path(patient))

    assert "Mar 3, 11:30 AM" in page  # Denver


def test_erased_conversation_is_a_tombstone(told, people):
    responder = people.responder
    responder.post(path(told, "notes"), {"text": "called Sam"})
    responder.post(path(told, "tags"), {"name": "call"})
    with transaction.atomic():
        erasure.erase(told.id)
    answer = responder.get(path(told))

    assert answer.status_code == 410
    assert "This conversation was erased" in answer.text
    assert "It costs" not in answer.text
    assert not Note.objects.filter(conversation=told.id).exists()
    assert not Tag.objects.filter(conversations=told.id).exists()
    assert responder.post(path(told, "notes"), {"text": "more"}).status_code == 404


def test_unknown_conversation_is_not_there(people):
    page = f"/staff/conversations/{uuid.uuid4()}/"

    assert people.viewer.get(page).status_code == 404


# --- The ledger --------------------------------------------------------------------
def test_reading_is_recorded_once_an_hour(told, people, monkeypatch):
    viewer = people.viewer
    for _ in range(3):
        viewer.page(path(told))
        viewer.get(path(told, "news"), headers={"HX-Request": "true"})
    people.responder.page(path(told))
    assert len(entries(told, "read")) == 2

    # Entries can't be changed, not even by a test.
    monkeypatch.setattr(conversations, "ONE_READING", timedelta(0))
    viewer.page(path(told))
    assert len(entries(told, "read")) == 3


def test_words_of_a_patient_are_revealed_for_a_reason_and_it_is_recorded(told, people):
    number = number_of(told)
    there = path(told, f"messages/{number}/original")
    responder = people.responder
    asked = responder.post(there, {"reason": "to call the patient back"})

    assert "303-555-0142" in asked.text
    assert "no-store" in asked.headers["Cache-Control"]
    (entry,) = entries(told, "reveal")
    assert entry.person == responder.person
    assert entry.detail == {"message": number, "reason": "to call the patient back"}
    assert "303-555-0142" not in responder.page(path(told))


@pytest.mark.parametrize("reason", ["", "   ", "why", "a" * 201])
def test_without_a_reason_nothing_is_revealed(told, people, reason):
    there = path(told, f"messages/{number_of(told)}/original")
    asked = people.responder.post(there, {"reason": reason})

    assert "303-555-0142" not in asked.text
    assert "Say why you need to see it" in asked.text
    assert entries(told, "reveal") == []


def test_words_copied_into_the_reason_do_not_get_into_the_ledger(told, people):
    there = path(told, f"messages/{number_of(told)}/original")
    people.responder.post(there, {"reason": "is it 303-555-0142 or another number?"})
    (entry,) = entries(told, "reveal")

    assert "0142" not in str(entry.detail)


@pytest.mark.parametrize("role", ["viewer", "trainer"])
def test_who_may_not_reveal_is_refused_and_not_asked(told, people, role):
    there = path(told, f"messages/{number_of(told)}/original")
    asked = people[role].post(there, {"reason": "i am curious about it"})

    assert asked.status_code == 403
    assert "Show it once" not in people[role].page(path(told))


def test_words_past_their_date_are_gone(told, people):
    number = number_of(told)
    Original.objects.filter(message__conversation=told.id).delete()
    there = path(told, f"messages/{number}/original")

    assert people.responder.post(there, {"reason": "to call back"}).status_code == 404
    assert "Show it once" not in people.responder.page(path(told))


def test_message_of_another_conversation_can_not_be_revealed(told, people, gateway):
    other = gateway.patient()
    there = path(other, f"messages/{number_of(told)}/original")

    assert people.responder.post(there, {"reason": "to call back"}).status_code == 404


def test_contact_data_is_revealed_for_a_reason(patient, people):
    details = {"name": "Sam Sample", "phone": "(303) 555-0142"}
    assert patient.post("/chat/contact", details).status_code == 201
    responder = people.responder
    assert "0142" not in responder.page(path(patient))
    shown = responder.post(path(patient, "contact"), {"reason": "to call back"})

    assert "(303) 555-0142" in shown.text
    assert len(entries(patient, "reveal contact")) == 1


# --- What staff write on it --------------------------------------------------------
def test_notes_are_kept_with_their_author_and_only_theirs_to_delete(patient, people):
    trainer, responder = people.trainer, people.responder
    trainer.post(path(patient, "notes"), {"text": "Ask <Ben> about this."})
    note = Note.objects.get(conversation=patient.id)
    page = responder.page(path(patient))
    assert "Ask &lt;Ben&gt; about this." in page and trainer.name in page

    gone = path(patient, f"notes/{note.pk}/delete")
    assert responder.post(gone).status_code == 404
    assert trainer.post(gone).status_code == 302
    assert not Note.objects.filter(pk=note.pk).exists()
    assert [e.action for e in Entry.objects.filter(detail__note=note.pk)] == [
        "note",
        "delete note",
    ]


def test_patients_never_see_notes_tags_flags_or_reviews(told, people):
    responder, number = people.responder, number_of(told, "bot")
    responder.post(path(told, "notes"), {"text": "SECRETWORD"})
    responder.post(path(told, "tags"), {"name": "SECRETWORD"})
    responder.post(path(told, f"messages/{number}/flag"), {"reason": "SECRETWORD"})

    shown = told.http.get("/chat/export", headers=told.headers).text
    assert "secretword" not in (shown + str(told.messages())).lower()


def test_tags_are_one_word_for_all_and_offered_again(patient, people, gateway):
    responder = people.responder
    responder.post(path(patient, "tags"), {"name": "  Prior   Authorization "})
    other = gateway.patient()
    responder.post(path(other, "tags"), {"name": "prior authorization"})
    tag = Tag.objects.get(name="prior authorization")
    assert tag.conversations.count() == 2
    third = gateway.patient()
    assert 'value="prior authorization"' in responder.page(path(third))

    responder.post(path(other, f"tags/{tag.pk}/remove"))
    assert tag.conversations.count() == 1
    assert responder.post(path(third, f"tags/{tag.pk}/remove")).status_code == 404


@pytest.mark.parametrize("name", ["", "  ", "a" * 41])
def test_odd_tags_are_refused_in_words(patient, people, name):
    answer = people.responder.post(path(patient, "tags"), {"name": name})

    assert "A tag has 1 to 40 characters." in answer.text


def test_message_is_flagged_with_a_reason(told, people):
    number = number_of(told, "bot")
    there = path(told, f"messages/{number}/flag")
    trainer = people.trainer
    assert "Say in 1 to 200" in trainer.post(there, {"reason": " "}).text
    trainer.post(there, {"reason": "wrong price"})
    assert "wrong price" in trainer.page(path(told))
    trainer.post(there, {"off": "1"})

    assert not Flag.objects.filter(message__conversation=told.id).exists()
    assert len(entries(told, "flag")) == len(entries(told, "unflag")) == 1


def test_conversation_is_reviewed_with_a_verdict(told, people):
    clinician = people.clinician
    asked = clinician.post(path(told, "review"), {"verdict": "perfect"})
    assert "Choose what" in asked.text
    clinician.post(path(told, "review"), {"verdict": "missed"})
    clinician.post(path(told, "review"), {"verdict": "right"})

    review = Review.objects.get(conversation=told.id)
    assert (review.verdict, review.person) == ("right", clinician.person)
    assert [e.detail["verdict"] for e in entries(told, "review")] == ["missed", "right"]
    assert "Right answer or right hand-off</b>" in clinician.page(path(told))


def test_viewer_reads_and_changes_nothing(told, people):
    viewer, number = people.viewer, number_of(told)
    page = viewer.page(path(told))
    assert "Mark as reviewed" not in page and "Join as" not in page
    for rest in ("notes", "tags", "review", f"messages/{number}/flag", "join", "say"):
        assert viewer.post(path(told, rest), {"text": "x"}).status_code == 403, rest


def test_a_deed_is_no_link(told, people):
    for rest in ("notes", "tags", "review", "join", "leave", "say", "typing", "here"):
        assert people.responder.get(path(told, rest)).status_code == 405, rest


def test_news_has_only_what_is_new(told, people):
    number = number_of(told, "bot")
    news = path(told, f"news?after={number}&shown=looking-0")
    viewer = people.viewer
    before = viewer.page(news)
    told.say("and what about insurance?")
    wait_until(lambda: number_of(told, "bot") > number)
    after = viewer.page(news)

    assert "message-of" not in before
    assert after.count("<article") == 2
    assert 'id="talk"' not in after


def test_canned_replies_have_a_title_an_order_and_the_clinics_facts():
    replies = canned_replies()

    assert len({reply.title for reply in replies}) == len(replies) > 5
    assert [replies[0].title, replies[-1].title] == ["Hello", "Goodbye"]
    assert not any(reply.title.startswith("utter_") for reply in replies)
    assert not any("{" in reply.text for reply in replies)
    assert any("(555) 010-0199" in reply.text for reply in replies)
    in_danger = next(each.text for each in replies if each.title == "In danger now")
    assert "988" in in_danger and "911" in in_danger


def test_a_blocked_canned_reply_is_not_offered():
    before = [reply.title for reply in canned_replies()]
    blocked = BlockedAnswer.objects.create(response="utter_staff_insurance")
    try:
        after = [reply.title for reply in canned_replies()]
    finally:
        blocked.delete()

    assert [title for title in before if title not in after] == ["Insurance"]


def test_transcript_says_who_was_there(patient, people):
    now = timezone.now()
    Takeover.objects.create(
        conversation_id=patient.id, name="Maria", ended_at=now, end="lost"
    )

    page = people.viewer.page(path(patient))

    assert "Maria was in the chat" in page
    assert "The browser of the staff was closed" in page
