"""From a submitted proposal to a live model and back, over HTTP."""

import os
import re
import signal

import pytest
from django.db import transaction

from tests.frontdesk.gateway_for_tests import wait_until  # isort: skip

from frontdesk.audit.models import Entry
from frontdesk.chat import erasure
from frontdesk.training import trainings, worker
from frontdesk.training.models import SetAside
from retraining import comparison as kept
from retraining import jobs
from retraining.candidates import all_candidates
from retraining.changes import live_content
from retraining.proposal_folder import OPEN
from retraining.proposals import Proposal
from retraining.registry import read
from tests.staff.models_for_tests import (
    MISSED,
    POISON,
    compared,
    events,
    live_id,
    state_of,
    submitted,
    train,
)
from tests.staff.queue_for_tests import conversation, say, words

HTMX = {"HX-Request": "true", "X-Background": "1"}
WHY = {"reason": "better answers about cost"}


@pytest.fixture
def proposal(places):
    return submitted(places)


@pytest.fixture
def trained(places, proposal):
    """The model of a proposal that was trained; nothing speaks against it."""
    return train(places, proposal)


def page_of(proposal):
    return f"/staff/training/proposals/{proposal.id}/"


def read_page(member, path):
    return words(member.page(path))


def press(member, path, **fields):
    """Presses a button, and reads the page that comes."""
    answer = member.post(f"/staff/training/{path}", fields, follow_redirects=True)
    assert answer.status_code == 200, answer.status_code
    return words(answer.text)


def recorded(action):
    return list(Entry.objects.filter(action=action).order_by("number"))


# --- Train and compare ---------------------------------------------------------------
def test_a_proposal_is_trained_and_compared_in_the_background(people, places, proposal):
    trainer, page = people.trainer, page_of(proposal)
    assert "Train and compare" in read_page(trainer, page)

    said = press(trainer, f"proposals/{proposal.id}/train", days="0")

    assert "It is being trained" in said and f"Begun by {trainer.name}" in said
    job = jobs.all_jobs(places)[0]
    wait_until(lambda: not jobs.read(places, job.id).is_running, 20)
    address = f"/staff/training/trainings/{job.id}/"
    assert trainer.get(f"{address}progress", headers=HTMX).headers["HX-Refresh"]
    assert "a word in the log" in read_page(trainer, f"{address}log")
    said = read_page(trainer, page)
    assert "Test messages: 1 better, 1 worse, 0 answered differently" in said
    assert "All 150 locked safety cases come out as they must" in said
    assert "89 of 90 test conversations pass; 88 with the live one" in said
    assert "95 of 100 replies take 22 ms at most; 20 with the live one" in said
    assert "Yes: nothing speaks against it" in said
    assert "A clinician or an administrator makes it live" in said
    (entry,) = [e for e in recorded("train") if e.detail["job"] == job.id]
    assert (entry.person, entry.subject) == (trainer.person, f"proposal {proposal.id}")


def test_one_training_at_a_time_is_watched_and_cancelled(
    people, places, proposal, monkeypatch
):
    monkeypatch.setenv("FAKE_TRAINING", "slow")
    other = submitted(places, 2, "Another one")
    press(people.trainer, f"proposals/{proposal.id}/train", days="0")
    job = jobs.current(places)

    part = people.trainer.get(
        f"/staff/training/trainings/{job.id}/progress", headers=HTMX
    )
    assert "<progress" in part.text and "HX-Refresh" not in part.headers
    said = press(people.clinician, f"proposals/{other.id}/train", days="0")
    assert "A training runs already" in said
    assert f"{people.trainer.name} began it" in said

    said = press(people.clinician, f"trainings/{job.id}/cancel")

    assert "The training was cancelled" in said and "Cancelled" in said
    assert len(all_candidates(places.models)) == 1  # the live one
    assert recorded("cancel training")[-1].person == people.clinician.person
    again = press(people.clinician, f"trainings/{job.id}/cancel")
    assert "has ended already" in again


def test_a_training_that_was_killed_is_shown_as_such(
    people, places, proposal, monkeypatch
):
    monkeypatch.setenv("FAKE_TRAINING", "slow")
    press(people.trainer, f"proposals/{proposal.id}/train", days="0")
    job = jobs.current(places)
    os.kill(job.pid, signal.SIGKILL)
    wait_until(lambda: not jobs.read(places, job.id).is_running, 10)

    said = read_page(people.trainer, page_of(proposal))

    assert "Ended from outside" in said and "Nothing was changed" in said
    assert "Train and compare" in said


@pytest.mark.parametrize("days", ["", "3", "x"])
def test_days_that_are_no_choice_are_refused(people, proposal, days):
    said = press(people.trainer, f"proposals/{proposal.id}/train", days=days)
    assert "Choose how many days" in said


def test_an_open_proposal_is_not_trained(people, places):
    new = Proposal.create(places.home, "Not ready", "Ann", root=places.root)
    said = press(people.trainer, f"proposals/{new.id}/train", days="0")
    assert "Submit the proposal first" in said and jobs.all_jobs(places) == []


def test_what_was_changed_since_is_trained_again(people, places, proposal, trained):
    assert "May it go live?" in read_page(people.trainer, page_of(proposal))
    proposal.move_to(OPEN, "Ann")
    proposal.edit("data/nlu/more.yml", 'version: "3.1"\n', "Ann")
    proposal.move_to("submitted", "Ann")

    said = read_page(people.trainer, page_of(proposal))

    assert "was changed since this model was trained" in said
    assert "May it go live?" not in said


# --- Messages of patients are replayed -----------------------------------------------
def test_the_worker_replays_who_agreed_and_leaves_no_file(places, monkeypatch):
    yes, no = conversation(improve=True), conversation(improve=False)
    for whose in (yes, no):
        say(whose, "what does it cost")
    folder = places.jobs / "a-job"
    folder.mkdir(parents=True)
    left = places.jobs / "killed" / jobs.TRAFFIC_FILE
    left.parent.mkdir()
    left.write_text("somebody's words")
    seen = []

    def work(arguments):
        seen.append((folder / jobs.TRAFFIC_FILE).read_text())
        trainings.leave_out(str(yes.pk))
        seen.append((folder / jobs.TRAFFIC_FILE).read_text())
        return 0

    monkeypatch.setattr(worker.job_worker, "main", work)

    assert worker.main(["14", str(folder)]) == 0

    assert str(yes.pk) in seen[0] and '"number": 1' in seen[0]
    assert str(no.pk) not in seen[0] and str(yes.pk) not in seen[1]
    assert not list(places.jobs.glob(f"*/{jobs.TRAFFIC_FILE}"))


def test_changed_replies_are_looked_up_so_that_erased_ones_are_gone(
    people, places, proposal
):
    whose, other = conversation(improve=True), conversation(improve=True)
    asked, erased = say(whose, "is it pricey"), say(other, "words to be erased")
    change = {"was": "faq: cost", "now": "faq: payment_options", "text": ""}
    changes = [
        {**change, "conversation": str(each.conversation_id), "number": each.number}
        for each in (asked, erased)
    ]
    replay = {"conversations": 2, "messages": 9, "changed": 2, "changes": changes}
    train(places, proposal, replay=replay)
    found = kept.all_comparisons(places)[0]
    assert "2 of 9 replies to patients in 2 conversations would change" in read_page(
        people.trainer, page_of(proposal)
    )
    with transaction.atomic():
        erasure.erase(other.pk)

    page = people.trainer.page(f"/staff/training/comparisons/{found.id}/replay")

    said = words(page)
    assert "These 2 replies to patients would change" in said
    assert "“is it pricey”" in said and "General question: Ways to pay" in said
    assert "words to be erased" not in said and "(deleted since)" in said
    assert f"/staff/conversations/{whose.pk}/#message-1" in page
    entry = recorded("read replay")[-1]
    assert entry.detail["conversations"] == [str(whose.pk)]


def test_comparison_says_in_plain_words_what_changes(people, trained):
    found = kept.all_comparisons(trainings.here())[0]
    address = f"/staff/training/comparisons/{found.id}/"

    said = read_page(people.trainer, address)

    assert "“what does it all come to”" in said
    assert "Was: Not understood. Would be: General question: Cost ." in said
    assert "“who came up with <it>”" in said
    assert "Should be: General question: History" in said
    assert "Cost and Ways to pay, with the gentle line" in said
    assert re.search(r"Crisis: urgent reply 300 .{2,8} % .* to .* %", said)
    assert "A wrong topic (less is better)" in said


def test_the_whole_report_comes_with_a_strict_policy(people, trained):
    found = kept.all_comparisons(trainings.here())[0]
    answer = people.trainer.get(f"/staff/training/comparisons/{found.id}/report")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "style-src 'sha256-" in policy
    assert "unsafe" not in policy and "script" not in policy
    assert "who came up with &lt;it&gt;" in answer.text


# --- Live, and back ------------------------------------------------------------------
def test_a_model_goes_live_and_is_rolled_back(people, places, proposal, trained):
    clinician, before = people.clinician, live_id(places)
    said = press(clinician, f"models/{trained}/release", do="live", **WHY)

    assert "It is live: patients get it from now on" in said
    assert f"by {clinician.name}: “{WHY['reason']}”" in said
    assert live_id(places) == trained and state_of(places, proposal) == "live"
    entry = recorded("promote")[-1]
    assert (entry.person, entry.subject) == (clinician.person, f"model {trained}")
    assert entry.detail["reason"] == WHY["reason"]
    assert entry.detail["sha256"] == read(places)[-1].sha256
    assert entry.detail["before"] == before

    said = press(clinician, "roll-back", reason="worse for insurance")

    assert "Rolled back: the earlier model answers patients again" in said
    assert live_id(places) == before and state_of(places, proposal) == "submitted"
    assert recorded("roll back")[-1].detail["reason"] == "worse for insurance"
    assert events(places)[-1] == ("rolled back", before)
    models = read_page(people.trainer, "/staff/training/models/")
    assert "Went live How people ask for the cost" in models
    assert "worse for insurance" in models and "Rolled back to" in models
    # It was compared with what is live again: it can go live once more.
    said = press(clinician, f"models/{trained}/release", do="live", **WHY)
    assert live_id(places) == trained


@pytest.mark.parametrize("path", ["models/{}/release", "roll-back", "end-trial"])
def test_without_a_reason_nothing_happens(people, places, trained, path):
    said = press(people.clinician, path.format(trained), reason=" ")
    assert "Say why" in said and events(places)[-1][0] == "adopted"


def test_what_can_not_be_undone_is_said(people, places):
    said = press(people.clinician, "roll-back", reason="no good")
    assert "There is no earlier model" in said
    said = press(people.clinician, "end-trial", reason="no good")
    assert "There is no canary" in said


def test_a_model_is_tried_on_some_conversations_and_the_trial_ended(
    people, places, trained
):
    administrator = people.administrator
    press(administrator, f"models/{trained}/release", do="try", share="25", **WHY)
    canary = live_content(places)["canary"]
    said = read_page(administrator, "/staff/training/models/")
    assert (canary["id"], canary["share"]) == (trained, 0.25)
    assert "gets 25 % of new conversations" in said

    press(administrator, "end-trial", reason="enough seen")

    assert live_content(places)["canary"] is None
    assert recorded("canary")[-1].detail["percent"] == 25
    assert recorded("end canary")[-1].detail["reason"] == "enough seen"
    said = press(
        administrator, f"models/{trained}/release", do="try", share="90", **WHY
    )
    assert "Choose how many" in said and live_content(places)["canary"] is None


def test_who_only_trains_makes_nothing_live(people, trained, places):
    paths = (f"models/{trained}/release", "roll-back", "end-trial")
    for path in (*paths, f"models/{trained}/set-aside"):
        answer = people.trainer.post(f"/staff/training/{path}", WHY)
        assert answer.status_code == 403, path
    assert live_id(places) != trained


def test_a_model_that_was_compared_with_another_one_is_compared_again(
    people, places, proposal
):
    first, second = train(places, proposal), train(places, submitted(places, 2, "Two"))
    press(people.clinician, f"models/{first}/release", do="live", **WHY)

    said = press(people.clinician, f"models/{second}/release", do="live", **WHY)

    assert "not compared with what is live now" in said
    assert live_id(places) == first
    assert recorded("promote refused")[-1].subject == f"model {second}"


# --- Two people ----------------------------------------------------------------------
@pytest.fixture
def closed(places, proposal):
    """A model that the gate stops; two people could set that aside."""
    return train(places, proposal, findings=[POISON])


def test_two_people_set_a_reason_aside(people, places, proposal, closed):
    page = page_of(proposal)
    said = press(people.clinician, f"models/{closed}/release", do="live", **WHY)
    assert "Two people with a reason" in said and live_id(places) != closed
    said = read_page(people.administrator, page)
    assert "1 reason against it" in said and "Too many. What helps: Fewer." in said

    said = press(people.administrator, f"models/{closed}/set-aside", reason="fine")
    assert "Say in some words why" in said
    why = "we have read all of them"
    press(people.administrator, f"models/{closed}/set-aside", reason=why)
    asked = SetAside.objects.get()
    said = press(people.administrator, f"set-aside/{asked.pk}/", do="confirm")
    assert "Somebody else confirms it" in said and live_id(places) != closed
    said = press(people.new("administrator"), f"set-aside/{asked.pk}/", do="confirm")
    assert "One of the two must be a clinician" in said
    said = read_page(people.clinician, page)
    assert f"{people.administrator.name} wants it to go live all the same" in said

    press(people.clinician, f"set-aside/{asked.pk}/", do="confirm")

    assert live_id(places) == closed
    names = [people.administrator.name, people.clinician.name]
    assert read(places)[-1].detail["override"]["people"] == names
    asked.refresh_from_db()
    assert (asked.state, asked.second) == ("confirmed", people.clinician.person)
    assert recorded("promote")[-1].detail["people"] == names
    said = read_page(people.trainer, "/staff/training/models/")
    assert f"gate set aside by {names[0]} and {names[1]}" in said
    said = press(people.clinician, f"set-aside/{asked.pk}/", do="confirm")
    assert "decided already" in said


def test_danger_is_never_set_aside(people, places, proposal):
    locked = {**kept.no_locked_cases(), "n": 2, "live": 2, "candidate": 1}
    model = train(places, proposal, locked={**locked, "newly_missed": [MISSED]})
    said = read_page(people.clinician, page_of(proposal))
    assert "Nobody can set it aside" in said and "“i want out”" in said
    assert "all the same" not in said

    why = "we have read all of them"
    said = press(people.clinician, f"models/{model}/set-aside", reason=why)

    assert "Nobody can set this aside" in said
    assert not SetAside.objects.exists() and live_id(places) != model


def test_a_wish_is_withdrawn_or_overtaken_by_a_new_comparison(people, places, closed):
    why = "we have read all of them"
    press(people.administrator, f"models/{closed}/set-aside", reason=why)
    first = SetAside.objects.get()
    said = press(people.clinician, f"models/{closed}/set-aside", reason=why)
    assert "asked for that already" in said
    press(people.administrator, f"set-aside/{first.pk}/", do="withdraw")
    first.refresh_from_db()
    assert first.state == "withdrawn"

    press(people.administrator, f"models/{closed}/set-aside", reason=why)
    second = SetAside.objects.get(state="waits")
    compared(places, closed, findings=[POISON])
    said = press(people.clinician, f"set-aside/{second.pk}/", do="confirm")

    assert "compared anew since" in said and live_id(places) != closed


# --- Over time -----------------------------------------------------------------------
def test_comparisons_over_time_are_a_table_and_a_chart(people, places, trained):
    assert "<figure" not in people.trainer.page("/staff/training/models/")
    compared(places, trained, share=0.95)

    page = people.trainer.page("/staff/training/models/")

    assert page.count('<circle class="l') == 8
    assert "General questions: right answer: 93.0 % first, 95.0 % last" in page
    said = words(page)
    assert said.count("1 better, 1 worse open") == 2
    assert "Trained models How people ask for the cost" in said
