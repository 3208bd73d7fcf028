"""Reading answers, and proposing other words: real HTTP, files and house checks."""

import re
from datetime import timedelta

import pytest

from tests.staff.answers_for_tests import NOTE, answers, copied, words_of

from frontdesk.answers import lint  # isort: skip - Django is set up by now
from frontdesk.answers.diff import changes  # isort: skip
from frontdesk.answers.models import AnswerRevision  # isort: skip
from frontdesk.audit.models import Entry  # isort: skip

__all__ = ["answers", "copied"]
COST = "/staff/answers/utter_cost/"
EDIT = f"{COST}general/edit"


def send(member, form, path=EDIT):
    answer = member.post(path, form)
    return answer.status_code, words_of(answer.text)


def preview(member, form, path=f"{COST}general/preview"):
    answer = member.post(path, form)
    assert answer.status_code == 200, answer.text
    return words_of(answer.text)


# --- reading --------------------------------------------------------------------------
def test_all_answers_by_what_they_are_about(people, answers):
    page = words_of(people.viewer.page("/staff/answers/"))
    for group in ("General questions", "Front desk", "Crisis and emergency"):
        assert group in page
    for title in ("Side effects", "Talk to a person", "overdose or poisoning"):
        assert title in page
    total = len(answers.texts.library.all())
    assert f"{total} texts in all" in page
    drafts = sum(answer.is_draft for answer in answers.texts.library.all())
    draft_page = words_of(people.viewer.page("/staff/answers/?state=draft"))
    assert f"{drafts} texts found" in draft_page


def test_search_finds_what_patients_read_clinic_facts_included(people, answers):
    phone = answers.texts.clinic.values["phone"]
    page = words_of(people.viewer.page(f"/staff/answers/?q=superbill {phone}"))
    assert "Insurance" in page and "when they have Medicare" not in page
    assert "when they have a private plan" in page
    nothing = words_of(people.viewer.page("/staff/answers/?q=zebra"))
    assert "0 texts found" in nothing and "No text has all of this" in nothing


def test_an_answer_as_patients_read_it(people, answers):
    page = people.viewer.page("/staff/answers/utter_insurance_coverage/")
    said = words_of(page)
    bubbles = answers.spot("utter_insurance_coverage").answer.text.split("\n\n")
    assert page.count('class="bubble"') > len(bubbles)
    assert "{phone}" not in said and answers.texts.clinic.values["phone"] in said
    assert "Said when they have Medicare" in said
    assert "Said when they asked about IV infusions" in said
    assert "Draft: nobody has approved it" in said
    assert "by Feb 22, 2027" in said and "Reading grade" in said
    assert "F-INSURANCE_COVERAGE-01" in said and "no title" not in said
    assert "Edit" not in said.split("Next review")[1][:400]  # a viewer only reads
    assert "Stop saying this" not in said


def test_texts_that_must_be_there_offer_no_stop(people, answers):
    clinician = people.clinician
    for response in ("utter_crisis_self_harm", "utter_human", "utter_not_understood"):
        said = words_of(clinician.page(f"/staff/answers/{response}/"))
        assert "Stop saying this" not in said
        assert "It can only be replaced" in said
    assert "Stop saying this" in words_of(clinician.page(COST))


def test_what_is_not_there_is_not_found(people, answers):
    for path in (
        "utter_nothing/",
        "utter_cost/nothing/edit",
        "../x/",
        "utter_cost/general",
    ):
        answer = people.clinician.get(f"/staff/answers/{path}")
        assert answer.status_code == 404, path


# --- the editor -----------------------------------------------------------------------
def test_preview_fills_facts_grades_and_names_the_line(people, answers):
    text = "Call {phone}.\n\nOne line.\nThis is a miracle.\nIt costs {prize}."
    said = preview(people.trainer, answers.form(text))
    assert f"Call {answers.texts.clinic.values['phone']}." not in said  # {prize} …
    assert "2 problems to solve." in said
    assert "Line 4: 'miracle': a promise. Instead: say what studies found." in said
    assert "Line 5: {prize} is no clinic fact." in said
    assert "Reading grade" in said and "[put in: Call {phone}." in said

    better = preview(people.trainer, answers.form("Call {phone}.\n\nWe can help."))
    assert f"Call {answers.texts.clinic.values['phone']}." in better
    assert "Nothing stands in the way." in better and "easy to read" in better


def test_checks_are_those_of_the_house(answers):
    from dataclasses import replace

    from retraining.check_answers import check_answers
    from retraining.check_tree import Entry as Spot
    from retraining.check_tree import Tree

    spot = answers.spot()
    text = "You should take 5 mg.\n\n" + "Methodologically questionable. " * 50
    wrong = replace(spot.answer, text=lint.tidy(text))

    class OneText(Tree):
        entries = (Spot(wrong, ""),)

    house = check_answers(OneText(lint.settings.ROOT, answers.texts.today()))
    expected = {problem.do for problem in house}
    found = lint.findings(wrong, today=answers.texts.today())
    assert {each.do for each in found} == expected and len(expected) >= 3
    assert {each.line for each in found} >= {1, 3}


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "There is no text"),
        ("It is {phone:>99999999} here.", "Only letters between braces"),
        ("It is {phone.__class__}.", "Only letters between braces"),
        ("Look:\nit is {phone", "Line 2: A brace opens or closes nothing"),
        ("One.\nTwo\u202e.", "Line 2: A character that can't be seen"),
        ("Call 303-555-0999 now.", "The number 303-555-0999 is in no fact"),
        ("word " * 1000, "at most 4000"),
        ("One.\n\nTwo.\n\nThree.\n\nFour.", "4 bubbles, at most 3"),
    ],
)
def test_what_can_not_be_said_can_not_be_proposed(people, answers, text, said):
    status, page = send(people.trainer, answers.form(text))
    assert status == 422 and said in page
    assert "The text can't be used yet." in page
    assert not AnswerRevision.objects.exists()


def test_crisis_text_keeps_every_number(people, answers):
    which = ("utter_crisis_abuse", "general")
    old = answers.spot(*which).answer.text
    number = next(n for n in lint.PHONE.findall(old) if len(n) > 8)
    less = "\n".join(line for line in old.split("\n") if number not in line)
    path = f"/staff/answers/{which[0]}/{which[1]}/edit"
    status, page = send(people.trainer, answers.form(less, *which), path)
    assert status == 422
    assert f"The number {number} was in the text and is gone." in page


def test_lint_failure_keeps_what_was_written(people, answers):
    form = answers.form("It is a <b>cure</b>.")
    answer = people.trainer.post(EDIT, form)
    assert answer.status_code == 422
    assert "It is a &lt;b&gt;cure&lt;/b&gt;." in answer.text and NOTE in answer.text


def test_proposing_changes_nothing_for_patients(people, answers):
    before = answers.file("cost").read_bytes()
    version = answers.spot().answer.version
    revision = answers.propose(people.trainer, answers.reworded())
    assert answers.file("cost").read_bytes() == before
    assert answers.texts.library.choose("utter_cost", {}).version == version
    assert (revision.state, revision.author) == ("proposed", people.trainer.person)
    entry = Entry.objects.filter(subject="answer utter_cost").order_by("-pk")[0]
    assert (entry.action, entry.person) == ("propose", people.trainer.person)
    assert entry.detail["new"] == revision.new_version
    assert "Ask us" not in str(entry.detail)
    page = words_of(people.viewer.page(f"/staff/answers/proposals/{revision.pk}/"))
    assert "[put in: Ask us. ]" in page and NOTE in page and "A clinician" in page
    assert "Waiting for a clinician (1)" in words_of(
        people.viewer.page("/staff/answers/")
    )
    assert "1 text found" in words_of(
        people.viewer.page("/staff/answers/?state=proposed")
    )


def test_nothing_new_no_reason_and_a_second_proposal_are_refused(people, answers):
    assert "Nothing is different" in send(people.trainer, answers.form())[1]
    form = answers.form(answers.reworded(), note="  ")
    assert "Say why" in send(people.trainer, form)[1]
    answers.propose(people.trainer, answers.reworded())
    status, page = send(people.clinician, answers.form(answers.reworded(add=" Call.")))
    assert status == 422 and "Another proposal for this text waits" in page
    # Another text of the same answer is nobody's yet.
    variant = "treatment-spravato"
    revision = answers.propose(
        people.clinician,
        answers.reworded(variant=variant),
        variant=variant,
    )
    assert revision.variant == variant


def test_sources_can_be_changed_and_must_exist(people, answers):
    sources = " ".join([*answers.spot().sources, "F-COST-99999"])
    status, page = send(people.trainer, answers.form(sources=sources))
    assert status == 422 and "F-COST-99999 is in no knowledge/facts" in page
    sources = " ".join(answers.spot().sources[:-1])
    assert send(people.trainer, answers.form(sources=sources))[0] == 302
    assert AnswerRevision.objects.get().new_sources == sources.split()


def test_facts_are_shown_with_their_sentence_and_found_by_typing(people, answers):
    page = people.trainer.page(EDIT)
    boxes = re.findall(r'name="sources" value="([\w-]+)" checked', page)
    assert boxes == answers.spot().sources
    assert "clinic.yml" in words_of(page) and "prices" in words_of(page)

    def find(words, *chosen):
        query = {"q": words, "sources": chosen}
        return words_of(people.trainer.page("/staff/answers/facts/", params=query))

    said = "Some plans need a referral; some clinics accept self-referral."
    referral = "F-REFERRAL_AND_GETTING_STARTED-01"
    assert f"None yet. Found, tick what the text says: {said}" in find("Plan REFER")
    found = find("refer", referral)
    assert found.index(said) < found.index("Found, tick") and found.count(said) == 1
    assert find("zebra").endswith("No fact has all of these words.")
    assert find("") == "None yet."
    assert people.viewer.get("/staff/answers/facts/").status_code == 403


def test_new_words_on_the_old_facts_are_asked_about(people, answers):
    asked = "does every new claim stand in one of them?"
    claim = answers.reworded(add=" You do not need a referral.")
    assert asked in preview(people.trainer, answers.form(claim))
    assert asked not in preview(people.trainer, answers.form())
    more = [*answers.spot().sources, "F-REFERRAL_AND_GETTING_STARTED-01"]
    assert asked not in preview(people.trainer, answers.form(claim, sources=more))
    revision = answers.propose(people.trainer, claim)
    page = people.clinician.page(f"/staff/answers/proposals/{revision.pk}/")
    assert asked in words_of(page)


def test_a_file_that_was_changed_meanwhile_is_said_and_nothing_is_lost(people, answers):
    form = answers.form(answers.reworded(add=" Mine."))
    file = answers.file("cost")
    first = answers.spot().answer.text.split()[0]
    file.write_text(file.read_text().replace(f" {first} ", f" Well, {first} ", 1))
    answer = people.trainer.post(EDIT, form)
    assert answer.status_code == 409
    said = words_of(answer.text)
    assert "The text was changed since you began." in said
    assert "[taken out: Well, ]" in said and "Mine." in answer.text
    form["mark"] = answers.spot().mark  # as the page sends it now
    assert form["mark"] in answer.text
    assert send(people.trainer, form)[0] == 302


def test_garbage_in_a_file_is_said_and_nothing_is_lost(people, answers):
    form = answers.form("My own words.")
    answers.file("cost").write_text("responses:\n  utter_cost: [unclosed")
    answer = people.trainer.post(EDIT, form)
    assert answer.status_code == 409
    said = words_of(answer.text)
    assert "cost.yml: not valid YAML" in said and "My own words." in said
    assert "cost.yml" in words_of(people.trainer.page("/staff/answers/"))
    page = words_of(people.trainer.page(COST))
    assert "cost.yml" in page and "Patients get the texts as they were before" in page
    assert "cost.yml" in preview(people.trainer, form)
    assert not AnswerRevision.objects.exists()


@pytest.mark.parametrize("garbage", ["responses:", "responses: [1]", "- one"])
def test_odd_files_are_said_too(people, answers, garbage):
    answers.file("cost").write_text(garbage + "\n  utter_cost: 7\n")
    answers.texts.reread()  # as if two seconds had passed
    answer = people.trainer.get(EDIT)
    assert answer.status_code == 409
    assert people.gateway.patient().greeting  # patients notice nothing
    assert "cost.yml" in words_of(answer.text)


def test_words_of_the_consent_are_changed_with_their_version_only(people, answers):
    assert "Edit" not in words_of(
        people.trainer.page("/staff/answers/utter_consent/")
    ).replace("Editing", "")
    form = answers.form("Yes?", "utter_consent", "general")
    path = "/staff/answers/utter_consent/general/edit"
    status, page = send(people.trainer, form, path)
    assert status == 422 and "agree to these words under a version" in page


def test_withdrawing_is_for_who_wrote_it(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    path = f"/staff/answers/proposals/{revision.pk}/"
    people.clinician.post(f"{path}withdraw")
    assert "Only a proposal of your own" in words_of(people.clinician.page(path))
    people.trainer.post(f"{path}withdraw")
    assert "Withdrawn." in words_of(people.trainer.page(path))
    revision.refresh_from_db()
    assert revision.state == "withdrawn"
    answers.propose(people.trainer, answers.reworded())  # the place is free again


# --- the pieces -----------------------------------------------------------------------
def test_changes_word_by_word():
    pieces = changes("It costs 300 dollars.\n\nCall us.", "It costs about 300 dollars.")
    assert [(p.kind, p.text) for p in pieces] == [
        ("same", "It costs "),
        ("new", "about "),
        ("same", "300 "),
        ("gone", "dollars.\n\nCall us."),
        ("new", "dollars."),
    ]


def test_text_is_kept_tidy():
    assert lint.tidy(" One. \r\n\r\n\r\n\nTwo.  \n ") == "One.\n\nTwo."


def test_every_text_of_the_house_can_be_read_and_has_a_name_of_its_own(answers):
    from frontdesk.answers.folder import variations

    today = answers.texts.today()
    for name in answers.texts.library.names():
        found = variations(name)
        assert len({each.variant for each in found}) == len(found)
        assert len({each.mark for each in found}) == len(found)
        for each in found:
            late = today + timedelta(days=400)
            assert each.answer.is_refused(late) == each.can_be_blocked
