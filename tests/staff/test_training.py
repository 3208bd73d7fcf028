"""Correcting messages and proposing what is learned from them, over HTTP."""

import html
import re

import pytest
import yaml

from tests.frontdesk.gateway_for_tests import HOME  # isort: skip

from django.conf import settings
from django.db import transaction

from clinic.topics import NOT_UNDERSTOOD_INTENT
from frontdesk.audit.models import Entry
from frontdesk.chat import erasure
from frontdesk.chat.models import Conversation
from frontdesk.training import courses, intents
from frontdesk.training.corrections import is_safety
from frontdesk.training.models import Correction
from retraining.examples import ROOT
from retraining.label_errors import Suspect, write
from tests.staff.queue_for_tests import say, words
from tests.staff.training_for_tests import (
    correct,
    correction_of,
    forget_all,
    path,
    press,
    proposals,
    talked,
    teach,
)


@pytest.fixture(autouse=True)
def nothing_before(gateway):
    forget_all()
    yield
    forget_all()


@pytest.fixture
def trainer(people):
    return people.trainer


@pytest.fixture
def colleague(people):
    return people.clinician


def recorded(message, action):
    subject = f"conversation {message.conversation_id}"
    return list(Entry.objects.filter(subject=subject, action=action))


def added(trainer, text="what does it all come to", **fields):
    """A message that was corrected and is in a proposal."""
    asked = talked()
    correct(trainer, asked, intent="ask_cost")
    assert teach(trainer, asked, text, **fields).status_code == 200
    return asked


# --- One click -----------------------------------------------------------------------
def test_the_likeliest_intents_are_offered_below_each_message(trainer):
    asked = talked()
    page = words(trainer.page(f"/staff/conversations/{asked.conversation_id}/"))

    assert "Understood as Insurance , 41 %. Is that right?" in page
    assert "No: Cost 33 %" in page and "No: Ways to pay 11 %" in page


def test_what_nearly_nobody_means_is_not_offered(trainer):
    sure = [
        {"name": "ask_insurance_coverage", "confidence": 0.997},
        {"name": "ask_cost", "confidence": 0.003},
    ]
    asked = talked(ranking=sure, confidence=0.997)
    page = words(trainer.page(f"/staff/conversations/{asked.conversation_id}/"))

    assert "No: Cost" not in page


def test_who_does_not_train_sees_nothing_of_it(people):
    asked = talked()
    page = people.responder.page(f"/staff/conversations/{asked.conversation_id}/")

    assert "annotate" not in page
    assert correct(people.responder, asked, kind="right").status_code == 403


KINDS = [
    ({"kind": "right"}, "right", "ask_insurance_coverage", "ready"),
    ({"intent": "ask_cost"}, "intent", "ask_cost", "ready"),
    ({"kind": "out_of_scope"}, "out_of_scope", "out_of_scope", "ready"),
    ({"kind": "near_miss"}, "near_miss", "near_miss_topic", "waits"),
    ({"kind": "hand_off"}, "hand_off", "medical_dosing", "waits"),
    ({"intent": "crisis_self_harm"}, "intent", "crisis_self_harm", "waits"),
    ({"intent": "admin_human"}, "intent", "admin_human", "ready"),
]


@pytest.mark.parametrize("fields, kind, intent, state", KINDS)
def test_one_click_says_what_a_message_means(trainer, fields, kind, intent, state):
    asked = talked()
    answer = correct(trainer, asked, **fields)
    found = correction_of(asked)

    assert answer.status_code == 200 and f'id="annotate-{asked.number}"' in answer.text
    assert (found.kind, found.intent, found.state) == (kind, intent, state)
    assert (found.was_intent, found.author) == (
        "ask_insurance_coverage",
        trainer.person,
    )
    (entry,) = recorded(asked, "correct")
    assert asked.text not in str(entry.detail) and entry.detail["intent"] == intent


@pytest.mark.parametrize("fields", [{}, {"intent": "nonsense"}, {"kind": "nonsense"}])
def test_what_names_no_meaning_is_refused(trainer, fields):
    asked = talked()

    assert "Choose what the message means" in correct(trainer, asked, **fields).text
    assert correction_of(asked) is None


def test_what_others_wrote_can_not_be_corrected(trainer):
    asked = talked()
    pressed = say(asked.conversation, "Cost", button="b-1")

    assert (
        correct(trainer, pressed, kind="right").text.count("Only what a patient") == 1
    )
    reply = asked.replies.get()
    assert correct(trainer, reply, kind="right").status_code == 404


def test_a_correction_is_taken_back_by_its_author_alone(trainer, colleague):
    asked = talked()
    correct(trainer, asked, intent="ask_cost")
    assert "Only who made a correction" in html.unescape(
        press(colleague, asked, "undo").text
    )
    press(trainer, asked, "undo")

    assert correction_of(asked) is None


def test_without_scripts_the_same_works_with_whole_pages(trainer):
    asked = talked()
    page = trainer.page(path(asked, ""))
    assert 'name="intent"' in page and "what would it run me" in page
    fields = {"whole": "1", "intent": "ask_cost"}
    answer = trainer.post(path(asked), fields)

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"#message-{asked.number}")
    assert correction_of(asked).intent == "ask_cost"


def test_entities_and_a_new_word_are_corrected_on_the_whole_page(trainer):
    entities = [{"entity": "insurer", "value": "aetna"}]
    asked = talked("is zolofft ok", entities=entities)
    fields = {"whole": "1", "intent": "ask_cost", "missed_entity": "treatment"}
    fields |= {"missed_value": "spravato", "word": "zolofft", "word_entity": "medicine"}
    trainer.post(path(asked), fields | {"word_synonym": "sertraline"})
    found = correction_of(asked)
    teach(trainer, asked)
    (proposal,) = proposals()

    assert found.entities == [{"entity": "treatment", "value": "spravato"}]
    assert "1 word for *medicine*" in proposal.diff().words
    assert "+    - zolofft" in proposal.diff().files["data/nlu/lookups/medicine.yml"]


# --- Two readers ---------------------------------------------------------------------
def test_every_intent_has_words_and_safety_ones_need_a_second_reader():
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())["intents"]
    assert set(domain) - {NOT_UNDERSTOOD_INTENT} == intents.KNOWN
    safety = {name for name in intents.KNOWN if is_safety(name)}
    prefixes = ("crisis_", "emergency_", "medical_", "near_miss_")
    assert safety == {n for n in domain if n.startswith(prefixes)} | {"low_mood"}


def test_what_sounded_dangerous_needs_a_second_reader_whatever_it_is_called(trainer):
    asked = talked()
    asked.safety = {"level": "check_in"}
    asked.save()
    correct(trainer, asked, intent="ask_cost")

    assert correction_of(asked).state == "waits"


def test_a_second_reader_agrees_and_only_then_it_is_taught(trainer, colleague):
    asked = talked()
    correct(trainer, asked, intent="medical_dosing")
    teach(trainer, asked, "how strong do i need it")
    assert proposals() == []
    assert "somebody else reads it" in press(trainer, asked, "second").text
    assert asked.text in html.unescape(colleague.page("/staff/training/"))

    press(colleague, asked, "second")

    assert correction_of(asked).state == "ready"
    teach(trainer, asked, "how strong do i need it")
    (proposal,) = proposals()
    assert [item.intent for item in proposal.items] == ["medical_dosing"]


def test_readers_who_differ_are_shown_and_a_clinician_settles(people, trainer):
    asked = talked()
    correct(trainer, asked, intent="medical_dosing")
    other = people.new("trainer")
    correct(other, asked, intent="ask_cost")  # the second reading by one click
    found = correction_of(asked)
    assert (found.state, found.intent) == ("disputed", "medical_dosing")
    assert "The readers differ" in trainer.page(
        f"/staff/conversations/{asked.conversation_id}/"
    )
    assert press(trainer, asked, "settle", intent="ask_cost").status_code == 403
    page = words(people.clinician.page("/staff/training/"))
    assert f"{trainer.name} says Dose , {other.name} says Cost" in page

    press(people.clinician, asked, "settle", intent="ask_cost")

    found = correction_of(asked)
    assert (found.state, found.intent, found.settled_by) == (
        "ready",
        "ask_cost",
        people.clinician.person,
    )
    assert recorded(asked, "settle")[0].detail["author"] == "medical_dosing"


def test_a_clinician_does_not_settle_their_own_correction(people, trainer):
    asked = talked()
    author = people.new("clinician")
    correct(author, asked, intent="medical_dosing")
    press(trainer, asked, "second", intent="ask_cost")

    assert (
        "another clinician settles"
        in press(author, asked, "settle", intent="medical_dosing").text
    )
    assert correction_of(asked).state == "disputed"


# --- Only impersonal words -----------------------------------------------------------
@pytest.mark.parametrize(
    "text, why",
    [
        ("call me at 303-555-0142 about the price", "reads like a phone"),
        ("i am Samantha Sample, what is it", "take it out"),
        ("call me at [PHONE]", "stands for something private"),
        ("", "one line"),
    ],
)
def test_private_words_are_refused_by_the_redactor_once_more(trainer, text, why):
    asked = talked()
    correct(trainer, asked, intent="ask_cost")
    answer = teach(trainer, asked, text)

    assert why in html.unescape(answer.text)
    assert proposals() == [] and correction_of(asked).text == ""


def test_nobody_confirmed_it_means_it_is_not_taught(trainer):
    asked = talked()
    correct(trainer, asked, intent="ask_cost")

    assert "Confirm that nothing" in teach(trainer, asked, confirmed="").text
    assert proposals() == []


@pytest.mark.parametrize("improve", [False, None])
def test_a_patient_who_has_not_said_yes_is_never_taught_from(trainer, improve):
    asked = talked(improve=improve)
    answer = correct(trainer, asked, intent="ask_cost")
    assert "Write it as an example" not in answer.text
    assert "did not allow" in teach(trainer, asked).text
    story = f"/staff/training/conversations/{asked.conversation_id}/story"
    form = {"do": "save", "title": "asks the price", "step_who": ["patient"]}
    told = {"step_value": ["ask_cost"], "step_about": [""]}
    rest = {"step_quote": [""], "step_was": [""]}
    assert trainer.post(story, form | told | rest).status_code == 422
    assert proposals() == []


def test_what_is_taught_already_is_pointed_out_and_not_added(trainer):
    asked = talked()
    correct(trainer, asked, intent="ask_cost")
    known = "How much does one infusion cost?"
    answer = teach(trainer, asked, known, anyway="")
    assert "It was not added" in answer.text and "Add it all the same" in answer.text
    assert proposals() == []

    teach(trainer, asked, known)
    assert [item.text for item in proposals()[0].items] == [known]


# --- Proposals -----------------------------------------------------------------------
def test_a_proposal_shows_in_words_what_it_changes_and_where_from(trainer):
    asked = added(trainer)
    (proposal,) = proposals()
    page = trainer.page(f"/staff/training/proposals/{proposal.id}/")

    assert "1 example for cost" in words(page)
    assert f"/staff/conversations/{asked.conversation_id}/#message-1" in page
    assert "+    - what does it all come to" in page
    assert correction_of(asked).confirmed_by == trainer.person
    origin = proposal.items[0].origin
    assert (origin.conversation, origin.messages) == (str(asked.conversation_id), (1,))
    assert recorded(asked, "propose training")[0].detail["proposal"] == proposal.id


def test_findings_are_explained_with_file_and_line(trainer):
    added(trainer, "how many milligrams do i need")
    (proposal,) = proposals()
    line = (ROOT / "data" / "nlu" / "dosing.yml").read_text().splitlines()[4]
    other = {"text": line.strip("- "), "intent": "ask_cost", "anyway": "1"}
    trainer.post(f"/staff/training/proposals/{proposal.id}/example", other)
    page = words(trainer.page(f"/staff/training/proposals/{proposal.id}/findings"))

    assert "data/nlu/dosing.yml:5" in page and "Wrong:" in page
    answer = trainer.post(
        f"/staff/training/proposals/{proposal.id}/move", {"do": "submit"}
    )
    assert answer.status_code == 302 and proposals()[0].state == "open"


def test_a_proposal_is_submitted_taken_back_and_withdrawn(trainer):
    added(trainer)
    (proposal,) = proposals()
    move = f"/staff/training/proposals/{proposal.id}/move"
    for deed, state in (
        ("submit", "submitted"),
        ("take back", "open"),
        ("withdraw", "withdrawn"),
    ):
        trainer.post(move, {"do": deed})
        assert proposals()[0].state == state, deed
    subject = f"proposal {proposal.id}"
    actions = Entry.objects.filter(subject=subject).order_by("number")
    assert [entry.action for entry in actions] == [
        "new proposal",
        "submit proposal",
        "take back proposal",
        "withdraw proposal",
    ]


def test_taking_out_frees_the_correction(trainer):
    asked = added(trainer)
    (proposal,) = proposals()
    assert "in a proposal" in press(trainer, asked, "undo").text.lower()
    address = f"/staff/training/proposals/{proposal.id}/"
    trainer.post(f"{address}take-out", {"item": proposal.items[0].id})
    assert proposals()[0].items == [] and correction_of(asked).proposal == ""

    trainer.post(f"{address}add", {"correction": correction_of(asked).pk})
    trainer.post(f"{address}add", {"correction": correction_of(asked).pk})
    assert len(proposals()[0].items) == 1


def test_closed_proposals_take_nothing(trainer):
    added(trainer)
    (proposal,) = proposals()
    proposal.move_to("withdrawn", "Ann")
    asked = talked()
    correct(trainer, asked, intent="ask_cost")

    assert "is withdrawn" in teach(trainer, asked, proposal=proposal.id).text
    assert correction_of(asked).proposal == ""
    form = {"text": "what comes on top of that", "intent": "ask_cost", "anyway": "1"}
    page = trainer.post(
        f"/staff/training/proposals/{proposal.id}/example", form, follow_redirects=True
    )
    assert "is withdrawn" in page.text


@pytest.mark.parametrize("wrong", ["20260101-00000000", "%2e%2e%2fsecrets"])
def test_ids_that_are_none_are_not_found(trainer, wrong):
    assert trainer.get(f"/staff/training/proposals/{wrong}/").status_code in (404, 302)


# --- Stories -------------------------------------------------------------------------
def fields_of(page):
    """The form's fields as a browser would send them, one list each."""
    found = {}
    for kind in ("who", "about", "quote", "was"):
        found[f"step_{kind}"] = re.findall(
            rf'name="step_{kind}"[^>]*value="([^"]*)"', page
        )
    selects = re.findall(r'<select[^>]*name="step_value".*?</select>', page, re.S)
    found["step_value"] = [
        re.search(r'value="(\w+)" selected', select)[1] for select in selects
    ]
    return found


def test_story_is_drawn_up_with_the_corrected_course(trainer):
    asked = talked("ok and what does that run me with iv")
    fields = {"whole": "1", "intent": "ask_cost", "missed_entity": "treatment"}
    trainer.post(path(asked), fields | {"missed_value": "iv"})
    address = f"/staff/training/conversations/{asked.conversation_id}/story"
    page = trainer.page(address)
    form = fields_of(page)

    assert form["step_value"] == ["ask_cost", "utter_cost"]
    assert form["step_about"] == ["treatment: iv", ""]
    assert "In the conversation: Insurance" in words(page)


def test_steps_are_changed_by_buttons_and_saved_as_rasa_writes_them(trainer):
    asked = talked()
    address = f"/staff/training/conversations/{asked.conversation_id}/story"
    form = fields_of(trainer.page(address))
    form = fields_of(trainer.post(address, form | {"do": "message 1"}).text)
    form["step_value"][2] = "medical_dosing"
    form = fields_of(trainer.post(address, form | {"do": "usual 2"}).text)
    assert form["step_value"][2:] == [
        "medical_dosing",
        "utter_handoff_dosing",
        "action_hand_off",
    ]
    title = "asks about insurance, then how much to take"
    answer = trainer.post(address, form | {"do": "save", "title": title})
    (proposal,) = proposals()

    assert answer.headers["Location"].endswith(f"/proposals/{proposal.id}/")
    (item,) = proposal.items
    written = proposal.files[f"data/stories/reviewed/{proposal.id}.yml"]
    assert yaml.safe_load(written)["stories"] == [{"story": title, "steps": item.steps}]
    assert item.origin.conversation == str(asked.conversation_id)
    page = words(trainer.page(f"/staff/training/proposals/{proposal.id}/"))
    assert "Hands it to staff" in page and "Patient : Dose" in page


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"title": ""}, "A title"),
        ({"title": "call 303-555-0142 back"}, "phone"),
        ({"step_value": ["ask_cost", "action_delete"]}, "Step 2: choose"),
        ({"step_about": ["medicine: x", ""]}, "Step 1: write"),
        ({"do": "explode 1"}, "no such button"),
        ({"do": "drop 99"}, "no such step"),
    ],
)
def test_what_makes_no_story_is_refused_and_kept_in_the_form(trainer, changes, why):
    asked = talked()
    address = f"/staff/training/conversations/{asked.conversation_id}/story"
    form = fields_of(trainer.page(address)) | {"do": "save", "title": "asks the price"}
    answer = trainer.post(address, form | changes)

    assert answer.status_code == 422 and why in html.unescape(answer.text)
    assert answer.text.count('name="step_who"') == 2 and proposals() == []


def test_no_story_is_taught_while_a_correction_in_it_is_open(trainer):
    asked = talked()
    correct(trainer, asked, intent="medical_dosing")
    address = f"/staff/training/conversations/{asked.conversation_id}/story"
    form = fields_of(trainer.page(address)) | {"do": "save", "title": "asks the dose"}
    answer = trainer.post(address, form)

    assert answer.status_code == 422 and "waits for a second reader" in answer.text
    assert proposals() == []


def test_a_story_ends_where_staff_took_over(gateway):
    asked = talked()
    say(asked.conversation, "Hello, I am Ann", "staff")
    say(asked.conversation, "and what is it then")
    steps = courses.drawn_up(asked.conversation, courses.domain())

    assert [step.value for step in steps] == [
        "ask_insurance_coverage",
        "utter_insurance_coverage",
    ]


def test_conversation_becomes_a_test_story_in_impersonal_words(trainer):
    asked = talked("call me at [PHONE], what is it")
    correct(trainer, asked, intent="ask_cost")
    address = f"/staff/training/conversations/{asked.conversation_id}/test-story"
    assert "what is it" in trainer.page(address)
    form = {
        "title": "asks for the price in other words",
        "turn_text": ["call me at [PHONE], what is it", "i want to die", "and by card"],
        "turn_intent": ["ask_cost", "crisis_self_harm", "ask_payment_options"],
        "confirmed": "1",
    }
    assert "stands for something private" in html.unescape(
        trainer.post(address, form).text
    )
    form["turn_text"][0] = "what does it run people"
    trainer.post(address, form)
    (proposal,) = proposals()
    file = yaml.safe_load(proposal.files[f"tests/stories/reviewed/{proposal.id}.yml"])

    (written,) = file["conversations"]
    assert written["turns"] == [
        {"patient": "what does it run people", "route": "faq", "topic": "cost"},
        {"patient": "i want to die", "route": "crisis", "topic": "self_harm"},
        {
            "patient": "and by card",
            "route": "faq",
            "topic": "payment_options",
            "after_urgent": True,
        },
    ]


# --- Likely mistakes, erasure --------------------------------------------------------
def test_likely_mistakes_are_listed_and_moved(trainer):
    file = settings.CLINIC_HOME / "label_errors.json"
    file.unlink(missing_ok=True)
    assert "not been computed yet" in trainer.page("/staff/training/label-errors/")
    line = (ROOT / "data" / "nlu" / "cost.yml").read_text().splitlines()[4]
    text = line.strip().removeprefix("- ")
    write(HOME, [Suspect(text, "ask_cost", "ask_history", 0.8, "data/nlu/x.yml", 5)], 9)
    assert html.escape(text) in trainer.page("/staff/training/label-errors/")
    form = {"text": text, "wrong": "ask_cost", "right": "ask_history"}
    trainer.post("/staff/training/label-errors/move", form)
    (proposal,) = proposals()

    assert proposal.diff().words == "1 example moved from *cost* to *history*"
    assert html.escape(text) not in trainer.page("/staff/training/label-errors/")
    file.unlink()


def test_erasing_a_conversation_takes_out_what_was_learned_from_it(trainer, people):
    asked, other = added(trainer), added(trainer, "what does the lot come to")
    first, second = proposals()
    mine = next(p for p in (first, second) if "all come" in p.items[0].text)
    address = f"/staff/training/conversations/{asked.conversation_id}/story"
    form = fields_of(trainer.page(address)) | {"do": "save", "title": "asks the price"}
    trainer.post(address, form | {"proposal": mine.id})
    mine.move_to("submitted", "Ann")

    with transaction.atomic():
        erasure.erase(asked.conversation_id)

    left = {proposal.id: proposal for proposal in proposals()}
    assert left[mine.id].items == []
    assert sum(len(proposal.items) for proposal in left.values()) == 1
    assert not Correction.objects.filter(message=asked.pk).exists()
    assert correction_of(other) is not None
    (entry,) = recorded(asked, "erase training")
    assert entry.detail["corrections"] == 1 and entry.detail["taken_out"] == 2
    assert entry.detail["proposals"] == [mine.id] and entry.detail["models"] == []
    page = f"/staff/conversations/{asked.conversation_id}/privacy"
    assert "2 items were taken out of proposals" in people.administrator.page(page)


def test_an_erasure_names_the_models_that_were_trained(trainer, monkeypatch):
    from frontdesk.training import erasing

    asked = added(trainer)
    (proposal,) = proposals()
    proposal.move_to("submitted", "Ann")
    proposal.move_to("live", "Ann")
    monkeypatch.setattr(erasing, "models_of", lambda proposal, places: ["m-1", "m-2"])

    with transaction.atomic():
        erasure.erase(asked.conversation_id)

    (entry,) = recorded(asked, "erase training")
    assert entry.detail["models"] == ["m-1", "m-2"]
    assert entry.detail["impersonal_examples_that_stay"] == 1
    assert Conversation.objects.get(pk=asked.conversation_id).erased_at
