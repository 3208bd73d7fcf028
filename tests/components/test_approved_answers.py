"""The NLG with a frozen clock: facts, dates, drafts, lines, bubbles, metadata."""

import asyncio
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rasa.core.actions.action import create_bot_utterance
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.answers import AnswerLibrary
from clinic.facts import facts_of, fill
from clinic.profile import load_clinic
from components.approved_answers import ApprovedAnswers, DraftsNotAllowedError

ROOT = Path(__file__).resolve().parents[2]
MONDAY_NOON = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
YEARS_LATER = datetime(2036, 11, 24, 19, 0, tzinfo=UTC)
DOMAIN = Domain.load(str(ROOT / "domain.yml"))
LIBRARY = AnswerLibrary()
URGENT = [
    name
    for name in LIBRARY.names()
    if LIBRARY.variations(name)[0].kind in ("crisis", "emergency")
]
NEVER_REFUSED = [
    name
    for name in LIBRARY.names()
    if LIBRARY.variations(name)[0].kind
    in ("crisis", "emergency", "handoff", "fallback", "line")
]
REFUSED = sorted(set(LIBRARY.names()) - set(NEVER_REFUSED))
BUBBLE = "\n\n"


class FrozenAnswers(ApprovedAnswers):
    """Answers at a time that the test chooses."""

    time = MONDAY_NOON

    def now(self):
        return self.time


def _answers(time=MONDAY_NOON, **parts):
    parts.setdefault("clinic", load_clinic(ROOT / "clinic.yml"))
    answers = FrozenAnswers(library=parts.pop("library", LIBRARY), **parts)
    answers.time = time
    return answers


def _said_by_patient(text="hello", **findings):
    entities = findings.get("entities")
    return UserUttered(text, entities=entities, parse_data={"text": text, **findings})


class Talk:
    """A conversation whose replies are recorded as Rasa records them."""

    def __init__(self, answers=None, **slots):
        self.answers = answers or _answers()
        self.tracker = DialogueStateTracker.from_events(
            "test", [SlotSet(*slot) for slot in slots.items()], slots=DOMAIN.slots
        )

    def patient(self, text="hello", **findings):
        self.tracker.update(_said_by_patient(text, **findings), DOMAIN)
        return self

    def reply(self, name):
        message = asyncio.run(self.answers.generate(name, self.tracker, "rest"))
        self.tracker.update(ActionExecuted(name), DOMAIN)
        self.tracker.update(create_bot_utterance(dict(message)), DOMAIN)
        return message


def _filled(name, number=0):
    text = LIBRARY.variations(name)[number].text
    return fill(text, facts_of(load_clinic(ROOT / "clinic.yml"), MONDAY_NOON))


CHECK_IN = _filled("utter_line_check_in")
QUIET = _filled("utter_line_after_urgent")


# facts


def test_facts_of_the_clinic_are_filled_in():
    message = Talk().patient().reply("utter_hours_location")

    assert "We are open now, until 5 PM today." in message["text"]
    assert "{" not in message["text"]


def test_open_now_follows_the_clock():
    night = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # Monday, 11 PM in Denver

    message = Talk(_answers(night)).patient().reply("utter_hours_location")

    assert "We open again tomorrow at 9 AM." in message["text"]


@pytest.mark.parametrize("name", LIBRARY.names())
def test_every_text_is_served_word_for_word(name):
    text = Talk().patient().reply(name)["text"]

    assert text.strip() == _filled(name)


@pytest.mark.parametrize("name", ["utter_thanks", "utter_emergency_physical"])
def test_short_text_has_no_empty_bubble_below(name):
    text = Talk().patient().reply(name)["text"]

    assert text == text.strip()


# review dates


@pytest.mark.parametrize("name", REFUSED)
def test_overdue_text_is_replaced_by_the_fallback(name):
    message = Talk(_answers(YEARS_LATER)).patient().reply(name)

    assert message["metadata"]["response"] == "utter_answer_overdue"
    assert message["route"] == "not_understood"
    assert "(555) 010-0199" in message["text"]
    assert "988" in message["text"]
    assert "911" in message["text"]


@pytest.mark.parametrize("name", NEVER_REFUSED)
def test_safety_text_is_never_refused_for_its_age(name):
    message = Talk(_answers(YEARS_LATER)).patient().reply(name)

    assert message["metadata"]["response"] == name


@pytest.mark.parametrize(
    "utc, response",
    [
        ("2027-02-23 06:59", "utter_cost"),  # still 22 February in Denver
        ("2027-02-23 07:00", "utter_answer_overdue"),
    ],
)
def test_last_day_is_the_clinics_own_day(utc, response):
    time = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    message = Talk(_answers(time)).patient().reply("utter_cost")

    assert LIBRARY.variations("utter_cost")[0].metadata["review_by"] == "2027-02-22"
    assert message["metadata"]["response"] == response


def test_refusal_is_logged_without_the_patients_words(caplog):
    with caplog.at_level(logging.WARNING):
        Talk(_answers(YEARS_LATER)).patient("my name is secret").reply("utter_cost")

    assert "utter_cost is past its review date" in caplog.text
    assert "secret" not in caplog.text


def test_unknown_response_becomes_the_fallback(caplog):
    message = Talk().patient().reply("utter_nothing")

    assert message["metadata"]["response"] == "utter_answer_overdue"
    assert "utter_nothing" in caplog.text


# drafts


def _clinic_without_drafts():
    clinic = load_clinic(ROOT / "clinic.yml")
    return replace(clinic, values={**clinic.values, "serve_drafts": False})


def _library(folder, status='approved, approved_by: "A", approved_on: "2026-11-20"'):
    meta = f'route: faq, topic: cost, status: {status}, review_by: "2027-02-20"'
    human = meta.replace("faq, topic: cost", "admin, topic: human, title: Ask us")
    text = (
        'version: "3.1"\nresponses:\n'
        f"  utter_cost:\n  - text: It is {{price_iv}}.\n    metadata: {{{meta}}}\n"
        f"  utter_human:\n  - text: Call {{phone}}.\n    metadata: {{{human}}}\n"
    )
    (folder / "all.yml").write_text(text, encoding="utf-8")
    return AnswerLibrary(folder)


def test_drafts_are_refused_by_a_clinic_that_serves_none(tmp_path):
    with pytest.raises(DraftsNotAllowedError, match=r"2 texts.*utter_cost") as error:
        _answers(library=_library(tmp_path, "draft"), clinic=_clinic_without_drafts())

    assert "serve_drafts: true" in str(error.value)


def test_approved_texts_are_served_by_a_clinic_that_serves_no_drafts(tmp_path):
    answers = _answers(library=_library(tmp_path), clinic=_clinic_without_drafts())

    message = Talk(answers).patient().reply("utter_cost")

    assert message["text"].strip() == "It is $475 per infusion."
    assert message["draft"] is False
    assert message["reviewed"] == "2026-11-20"


def test_draft_is_marked_where_drafts_are_served():
    message = Talk().patient().reply("utter_cost")

    assert message["draft"] is True
    assert message["reviewed"] is None


def test_changed_text_is_served_at_once(tmp_path):
    answers = _answers(library=_library(tmp_path))
    file = tmp_path / "all.yml"
    content = file.read_text(encoding="utf-8").replace("It is", "Now it is")
    file.write_text(content, encoding="utf-8")
    os.utime(file, (2_000_000_000, 2_000_000_000))

    message = Talk(answers).patient().reply("utter_cost")

    assert message["text"].strip() == "Now it is $475 per infusion."


def test_broken_edit_of_one_file_leaves_the_old_texts_served(tmp_path):
    answers = _answers(library=_library(tmp_path))
    (tmp_path / "new.yml").write_text("responses: [", encoding="utf-8")

    message = Talk(answers).patient().reply("utter_cost")

    assert message["text"].strip() == "It is $475 per infusion."


# variations


@pytest.mark.parametrize(
    "slots",
    [{}, {"treatment": "iv"}, {"treatment": "spravato"}, {"condition": "ptsd"}],
    ids=str,
)
def test_slots_choose_the_variation(slots):
    message = Talk(**slots).patient().reply("utter_cost")

    expected = LIBRARY.choose("utter_cost", {"condition": None, **slots})
    assert message["version"] == expected.version


def test_same_text_is_not_repeated_word_for_word():
    talk = Talk()

    texts = [talk.patient().reply("utter_crisis_self_harm")["text"] for _ in range(4)]

    assert len(set(texts[:3])) == 3
    assert texts[3] == texts[0]


# the gentle line and the quiet line


def test_check_in_adds_one_gentle_line():
    message = Talk().patient(safety={"check_in": True}).reply("utter_cost")

    assert message["check_in"] is True
    assert message["text"].count(CHECK_IN) == 1


def test_without_check_in_there_is_no_gentle_line():
    message = Talk().patient(safety={"check_in": False}).reply("utter_cost")

    assert "check_in" not in message
    assert CHECK_IN not in message["text"]


def test_second_reply_of_a_turn_has_no_second_gentle_line():
    talk = Talk().patient(safety={"check_in": True})

    first = talk.reply("utter_cost")
    second = talk.reply("utter_side_effects")

    assert CHECK_IN in first["text"]
    assert CHECK_IN not in second["text"]
    assert first["check_in"] is second["check_in"] is True


def test_next_turn_is_judged_by_itself():
    talk = Talk().patient(safety={"check_in": True})
    talk.reply("utter_cost")

    message = talk.patient("and what to bring").reply("utter_preparation")

    assert CHECK_IN not in message["text"]


def test_after_an_urgent_turn_each_reply_has_the_quiet_line_and_a_person():
    talk = Talk(after_urgent=True)

    for name in ("utter_cost", "utter_thanks", "utter_out_of_scope"):
        message = talk.patient().reply(name)
        assert message["text"].count(QUIET) == 1
        assert message["buttons"][-1]["title"] == "Talk to a person"


def test_quiet_line_comes_once_a_turn():
    talk = Talk(after_urgent=True).patient()

    talk.reply("utter_cost")

    assert QUIET not in talk.reply("utter_side_effects")["text"]


@pytest.mark.parametrize("safety", [{"check_in": True}, {}], ids=["check-in", "urgent"])
def test_text_that_says_988_needs_no_line_with_it(safety):
    talk = Talk(after_urgent=True).patient(safety=safety)

    message = talk.reply("utter_handoff_symptoms")

    assert message["text"].count("988") == 1
    assert message.get("check_in", False) is safety.get("check_in", False)
    assert message["buttons"][-1]["title"] == "Talk to a person"


def test_gentle_line_takes_the_place_of_the_quiet_one():
    talk = Talk(after_urgent=True).patient(safety={"check_in": True})

    text = talk.reply("utter_cost")["text"]

    assert CHECK_IN in text
    assert QUIET not in text


VAGUE = ("utter_affirm", "utter_deny", "utter_not_understood", "utter_human",
         "utter_handoff_low_mood", "utter_handoff_other_medical")  # fmt: skip


@pytest.mark.parametrize("name", VAGUE)
def test_vague_words_after_an_urgent_turn_get_the_numbers_first(name):
    message = Talk(after_urgent=True).patient("i don't know").reply(name)

    first = message["text"].split(BUBBLE)[0]
    assert "911" in first
    assert "988" in first
    assert QUIET not in message["text"]
    assert message["text"] != Talk().patient("i don't know").reply(name)["text"]


@pytest.mark.parametrize("name", URGENT)
def test_urgent_text_stands_alone(name):
    talk = Talk(after_urgent=True)

    message = talk.patient(safety={"check_in": True}).reply(name)

    assert message["text"].strip() == _filled(name)
    assert "check_in" not in message
    assert CHECK_IN not in message["text"]


# shape and metadata


@pytest.mark.parametrize("name", LIBRARY.names())
@pytest.mark.parametrize("slots", [{}, {"after_urgent": True}], ids=["", "urgent"])
def test_reply_has_at_most_three_bubbles(name, slots):
    talk = Talk(**slots).patient(safety={"check_in": not slots})

    text = talk.reply(name)["text"]

    bubbles = text.strip().split(BUBBLE)
    assert 1 <= len(bubbles) <= 3
    assert all(bubble.strip() for bubble in bubbles)


def test_metadata_is_where_the_contract_and_where_rasa_put_it():
    talk = Talk().patient()

    message = talk.reply("utter_handoff_dosing")

    metadata = message["metadata"]
    assert metadata["route"] == "medical"
    assert metadata["topic"] == metadata["handoff"] == "dosing"
    assert metadata["review_by"] == "2027-05-22"
    own = LIBRARY.variations("utter_handoff_dosing")[0].metadata
    assert metadata["sources"] == own["sources"]
    assert {key: message[key] for key in metadata} == metadata
    recorded = talk.tracker.events[-1].metadata
    assert recorded["route"] == recorded["metadata"]["route"] == "medical"


def test_handoff_is_named_only_where_it_is_promised():
    assert "handoff" not in Talk().patient().reply("utter_cost")


# buttons


def test_suggestions_are_buttons_of_what_was_not_understood():
    talk = Talk().patient(suggestions=["cost", "nonsense", "side_effects"])

    message = talk.reply("utter_not_understood")

    titles = [button["title"] for button in message["buttons"]]
    assert titles == ["What it costs", "Side effects", "Talk to a person"]
    assert message["suggestions"] == ["cost", "side_effects"]
    assert not any("ask_" in button["payload"] for button in message["buttons"])


def test_an_answer_offers_the_topic_that_was_nearly_as_likely():
    message = Talk().patient(suggestions=["cost"]).reply("utter_side_effects")

    assert [button["title"] for button in message["buttons"]] == ["What it costs"]
    assert message["suggestions"] == ["cost"]


@pytest.mark.parametrize("name", ["utter_handoff_dosing", "utter_crisis_self_harm"])
def test_a_hand_off_and_an_urgent_text_offer_no_topics(name):
    message = Talk().patient(suggestions=["cost"]).reply(name)

    assert message["buttons"] == []
    assert "suggestions" not in message


# the same again


def test_an_answer_given_again_says_so_and_offers_a_person():
    talk = Talk().patient()
    talk.reply("utter_history")

    again = talk.patient().reply("utter_history")

    assert _filled("utter_line_asked_again") in again["text"]
    assert again["route"] == "faq"
    assert [button["title"] for button in again["buttons"]] == ["Talk to a person"]


def test_another_variation_of_an_answer_is_no_repeat():
    talk = Talk().patient()
    talk.reply("utter_cost")
    talk.tracker.update(SlotSet("treatment", "spravato"), DOMAIN)

    other = talk.patient().reply("utter_cost")

    assert _filled("utter_line_asked_again") not in other["text"]


def test_tell_me_more_keeps_the_subject_of_the_answer_before():
    talk = Talk().patient()
    talk.reply("utter_history")

    more = talk.patient().reply("utter_more_detail")

    assert (more["route"], more["topic"]) == ("faq", "history")


def test_tell_me_more_without_an_answer_is_small_talk():
    assert Talk().patient().reply("utter_more_detail")["route"] == "small_talk"


# which variation: what the newest message names, then what came shortly before


def _named(**values):
    return {
        "entities": [{"entity": kind, "value": one} for kind, one in values.items()]
    }


def _said(name, **conditions):
    return next(
        answer.version
        for answer in LIBRARY.variations(name)
        if answer.conditions == conditions
    )


def test_newest_kind_wins_over_an_earlier_one():
    talk = Talk().patient("for ptsd?", **_named(condition="ptsd"))
    talk.reply("utter_conditions_treated")

    message = talk.patient("what about medicare", **_named(insurer="medicare")).reply(
        "utter_insurance_coverage"
    )

    expected = _said("utter_insurance_coverage", insurer="medicare")
    assert message["version"] == expected


def test_two_values_of_one_kind_stand_for_neither():
    talk = Talk()
    entities = [{"entity": "treatment", "value": one} for one in ("spravato", "iv")]
    talk.patient("spravato vs iv", entities=entities)
    talk.reply("utter_compare_with_antidepressants")

    message = talk.patient("price").reply("utter_cost")

    assert message["version"] == _said("utter_cost")


@pytest.mark.parametrize("between, treatment", [(0, True), (1, True), (2, False)])
def test_an_earlier_treatment_counts_for_two_more_messages(between, treatment):
    talk = Talk().patient("what is spravato", **_named(treatment="spravato"))
    talk.reply("utter_esketamine_spravato")
    for _ in range(between):
        talk.patient("ok").reply("utter_affirm")

    message = talk.patient("how much is it").reply("utter_cost")

    wanted = {"treatment": "spravato"} if treatment else {}
    assert message["version"] == _said("utter_cost", **wanted)


@pytest.mark.parametrize(
    "answered, wanted", [(False, {}), (True, {"condition": "migraine"})]
)
def test_a_condition_handed_to_staff_is_not_what_later_questions_are_about(
    answered, wanted
):
    talk = Talk().patient("i get migraines", **_named(condition="migraine"))
    talk.reply("utter_handoff_symptoms")
    talk.tracker.update(ActionExecuted("action_hand_off"), DOMAIN)
    if answered:
        talk.reply("utter_conditions_treated")

    message = talk.patient("what if it doesnt work").reply("utter_effectiveness")

    assert message["version"] == _said("utter_effectiveness", **wanted)


def test_a_treatment_the_clinic_does_not_offer_counts_where_it_is_named():
    talk = Talk()
    asked = talk.patient("lozenges price?", **_named(treatment="at_home"))
    first = asked.reply("utter_cost")

    later = talk.patient("and in general?").reply("utter_cost")

    assert first["version"] == _said("utter_cost", treatment="at_home")
    assert later["version"] == _said("utter_cost")


def test_an_insurer_the_clinic_bills_is_said_first():
    text = "do you take blue cross"
    entity = {"entity": "insurer", "value": "private", "start": 12, "end": 22}

    message = (
        Talk(treatment="iv")
        .patient(text, entities=[entity])
        .reply("utter_insurance_coverage")
    )

    assert message["text"].startswith("We bill Blue Cross Blue Shield for Spravato.")
    assert message["version"] == _said("utter_insurance_coverage", insurer="private")


def test_an_insurer_the_clinic_does_not_bill_gets_no_such_line():
    entity = {"entity": "insurer", "value": "private", "start": 0, "end": 7}

    message = (
        Talk().patient("premera", entities=[entity]).reply("utter_insurance_coverage")
    )

    assert "We bill Pre" not in message["text"]
    assert message["text"].startswith("Many private plans cover Spravato")


# hours, place, age


@pytest.mark.parametrize("text, first", [
    ("open on thanksgiving?", "Thursday, November 26: closed (Thanksgiving)\n"),
    ("are you open this thursday", "Thursday, November 26: closed (Thanksgiving)\n"),
    ("open tomorrow", "Tuesday, November 24: 9 AM to 5 PM\n"),
    ("where do i park", "There is free parking behind the building."),
    ("adress?", "We are at 100 Example Street"),
    ("hours", "We are open now, until 5 PM today.\nMonday: 9 AM to 5 PM"),
])  # fmt: skip
def test_hours_answer_says_what_was_asked_first(text, first):
    message = Talk().patient(text).reply("utter_hours_location")

    assert message["text"].startswith(first)
    assert (message["route"], message["topic"]) == ("admin", "hours_location")


def test_hours_say_the_holiday_that_is_near():
    text = Talk().patient("hours").reply("utter_hours_location")["text"]

    assert "\nThursday, November 26: closed (Thanksgiving)\n" in text


def test_no_referral_is_said_first():
    message = (
        Talk().patient("need a referral?").reply("utter_referral_and_getting_started")
    )

    assert message["text"].startswith("You do not need a referral to come to us.")


@pytest.mark.parametrize(
    "name", ["utter_handoff_eligibility", "utter_conditions_treated"]
)
def test_the_lowest_age_is_said_first_and_once(name):
    talk = Talk().patient("how old do i have to be")

    first = talk.reply(name)["text"]
    second = talk.reply("utter_referral_and_getting_started")["text"]

    assert first.startswith("We treat people who are 18 or older.\n")
    assert "We treat people who are 18" not in second


# the same again, and beside a hand-off


def test_an_answer_given_again_is_its_first_bubble():
    talk = Talk().patient()
    full = talk.reply("utter_cost")["text"].split(BUBBLE)

    again = [talk.patient().reply("utter_cost")["text"].split(BUBBLE) for _ in "ab"]

    assert len(full) == 3
    assert again == [[full[0], _filled("utter_line_asked_again")]] * 2


@pytest.mark.parametrize("safety", [{}, {"check_in": True}], ids=["", "check-in"])
@pytest.mark.parametrize(
    "name", [name for name in LIBRARY.names() if name.startswith("utter_handoff_")][:9]
)
def test_a_hand_off_with_an_answer_is_at_most_four_bubbles(name, safety):
    talk = Talk().patient(safety=safety)
    parts = [name, "utter_handoff_closed", "utter_cost"]

    texts = [talk.reply(part)["text"] for part in parts]

    bubbles = [bubble for text in texts for bubble in text.split(BUBBLE)]
    assert len(bubbles) <= 4
    assert "Our prices are:" in bubbles[-1]


def test_an_answer_cut_short_by_a_hand_off_is_given_in_full_when_asked_again():
    talk = Talk().patient()
    talk.reply("utter_handoff_dosing")
    talk.reply("utter_cost")

    later = talk.patient().reply("utter_cost")

    assert len(later["text"].split(BUBBLE)) == 3
