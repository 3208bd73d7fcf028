"""The second person's yes, and what follows: files, git, patients, blocks, traces."""

import asyncio
import csv
import io
import shutil
import subprocess
import threading
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.frontdesk.gateway_for_tests import FAQ, wait_until
from tests.staff.answers_for_tests import NOTE, answers, copied, words_of

from clinic.answers import AnswerLibrary  # isort: skip - Django is set up by now
from frontdesk.answers import publishing, publishing_steps, writing  # isort: skip
from frontdesk.answers.models import AnswerRevision  # isort: skip
from frontdesk.audit.models import Entry  # isort: skip
from frontdesk.chat.models import BlockedAnswer, Message  # isort: skip

__all__ = ["answers", "copied"]
COST = "/staff/answers/utter_cost/"
GREETING = "utter_chat_greeting"


def git(folder, *arguments):
    ours = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    done = subprocess.run(
        ["git", *ours, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(answers):
    """The copy in a git repository, as a deployment by clone has it."""
    root = answers.folder.parent.parent
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=First.")
    yield root
    shutil.rmtree(root / ".git")


def deeds(action, response="utter_cost", since=0):
    found = Entry.objects.filter(subject=f"answer {response}", action=action)
    return found.filter(pk__gt=since).count()


@pytest.fixture
def before():
    """The ledger goes on from test to test: its end before this one."""
    return Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


# --- approving ------------------------------------------------------------------------
def test_a_new_text_gets_from_the_editor_to_patients_and_into_rasa(people, answers):
    from components.approved_answers import ApprovedAnswers

    old = answers.file("frontdesk").read_text()
    rasa = AnswerLibrary(answers.folder)  # read before the change, like a running Rasa
    text = answers.reworded(GREETING, add=" Take your time.")
    revision = answers.propose(people.trainer, text, GREETING)
    patient = people.gateway.patient()
    assert "Take your time." not in str(patient.greeting)

    said = answers.approve(people.clinician, revision)

    assert "Approved. Patients get the new text from now on." in said
    assert "Take your time." in str(people.gateway.patient().greeting)
    nlg = ApprovedAnswers(library=rasa, clinic=answers.texts.clinic)
    nlg.library.refresh()
    assert nlg.library.choose(GREETING, {}).text == text
    own = answers.spot(GREETING).answer.metadata
    assert own["status"] == "approved" and own["approved_on"] == "2026-11-17"
    assert own["approved_by"] == f"{people.clinician.name}, Clinician"
    assert own["review_by"] == "2026-12-17"
    new = answers.file("frontdesk").read_text()
    changed = [line for line in new.split("\n") if line not in set(old.split("\n"))]
    assert len(changed) == 2  # the last line of the text, and its metadata
    assert len(new.split("\n")) == len(old.split("\n"))
    assert "suggestions: [what_is_ketamine" in changed[1]


def test_rasas_own_generator_says_the_new_text(people, answers):
    from rasa.shared.core.events import UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from components.approved_answers import ApprovedAnswers

    nlg = ApprovedAnswers(
        library=AnswerLibrary(answers.folder), clinic=answers.texts.clinic
    )
    revision = answers.propose(people.trainer, answers.reworded(add=" Just ask."))
    answers.approve(people.clinician, revision)
    tracker = DialogueStateTracker.from_events("someone", [UserUttered("how much")])
    message = asyncio.run(nlg.generate("utter_cost", tracker, "rest"))
    assert message["text"].endswith("Just ask.")
    assert message["metadata"]["version"] == revision.new_version
    assert message["metadata"]["draft"] is False


def test_nobody_approves_their_own_words(people, answers):
    own = people.new("clinician")
    before = answers.file("cost").read_bytes()
    revision = answers.propose(own, answers.reworded())
    path = f"/staff/answers/proposals/{revision.pk}/"
    assert "These are your own words" in words_of(own.page(path))
    said = answers.approve(own, revision)
    assert "These are your own words. Somebody else has to approve." in said
    assert revision.state == "proposed"
    assert answers.file("cost").read_bytes() == before
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerRevision.objects.filter(pk=revision.pk).update(
            state="approved", decided_by=own.person
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerRevision.objects.filter(pk=revision.pk).update(state="approved")


def test_who_is_no_clinician_any_more_does_not_approve(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    former = people.make("clinician")
    type(former).objects.filter(pk=former.pk).update(role="administrator")
    day = answers.texts.today() + timedelta(days=9)
    with pytest.raises(publishing.RefusedError, match="role"):
        publishing.approve(former, revision, day)  # what the page had let through
    path = f"/staff/answers/proposals/{revision.pk}/approve"
    assert people.administrator.post(path).status_code == 403
    revision.refresh_from_db()
    assert revision.state == "proposed"


def test_of_two_clinicians_at_once_one_approves(people, repository, answers, before):
    revision = answers.propose(people.trainer, answers.reworded())
    both = [people.new("clinician"), people.new("clinician")]
    said = []
    threads = [
        threading.Thread(
            target=lambda who=who: said.append(answers.approve(who, _same(revision)))
        )
        for who in both
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum("Approved. Patients get" in each for each in said) == 1, said
    assert sum("This proposal is decided already." in each for each in said) == 1
    assert deeds("approve", since=before) == 1
    assert git(repository, "rev-list", "--count", "HEAD") == "2"
    again = answers.approve(both[0], revision)
    assert "This proposal is decided already." in again


def _same(revision):
    return AnswerRevision.objects.get(pk=revision.pk)


def test_rejecting_says_why_and_changes_nothing(people, answers):
    before = answers.file("cost").read_bytes()
    revision = answers.propose(people.trainer, answers.reworded())
    path = f"/staff/answers/proposals/{revision.pk}/"
    people.clinician.post(f"{path}reject", {"reason": " "})
    assert "Say why" in words_of(people.clinician.page(path))
    people.clinician.post(f"{path}reject", {"reason": "not what the label says"})
    said = words_of(people.trainer.page(path))
    assert "Why not: not what the label says" in said
    assert "decided already" in answers.approve(people.clinician, revision)
    assert answers.file("cost").read_bytes() == before


def test_a_text_that_changed_under_a_proposal_is_not_overwritten(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    file = answers.file("cost")
    first = answers.spot().answer.text.split()[0]
    file.write_text(file.read_text().replace(f" {first} ", f" Well, {first} ", 1))
    before = file.read_bytes()
    said = answers.approve(people.clinician, revision)
    assert "is not the one this was written for" in said
    assert file.read_bytes() == before and revision.state == "proposed"


def test_a_change_beside_it_is_kept(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    file = answers.file("cost")
    above, between = "# Above.\n", "    # Between.\n"
    content = file.read_text().replace("  utter_cost:", f"{above}  utter_cost:", 1)
    file.write_text(content.replace("    metadata:", f"{between}    metadata:", 1))
    assert "Approved." in answers.approve(people.clinician, revision)
    content = file.read_text()
    assert above in content and between in content
    assert content.index(between) < content.index("    metadata:")
    assert answers.spot().answer.text == revision.new_text


def test_garbage_in_the_file_stops_an_approval_and_nothing_is_lost(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    file, whole = answers.file("cost"), answers.file("cost").read_text()
    file.write_text(whole + "\n  - [unclosed")
    said = answers.approve(people.clinician, revision)
    assert "cost.yml: not valid YAML" in said and revision.state == "proposed"
    file.write_text(whole)
    assert "Approved." in answers.approve(people.clinician, revision)


@pytest.mark.parametrize("days", [0, -3, 93, 4000])
def test_day_of_review_is_within_the_rule(people, answers, days):
    revision = answers.propose(people.trainer, answers.reworded())
    day = answers.texts.today() + timedelta(days=days)
    said = answers.approve(people.clinician, revision, day)
    assert "must be after today and not after Feb 17, 2027" in said
    assert revision.state == "proposed"


# --- git ------------------------------------------------------------------------------
def test_commit_has_the_file_alone_and_the_person_as_author(
    people, repository, answers
):
    other = repository / "data" / "responses" / "history.yml"
    other.write_text(other.read_text() + "# being edited\n")
    git(repository, "add", str(other))
    revision = answers.propose(people.trainer, answers.reworded())
    said = answers.approve(people.clinician, revision)
    assert f"Commit {revision.commit[:10]}." in said
    assert git(repository, "log", "-1", "--format=%H %an") == (
        f"{revision.commit} {people.trainer.name}"
    )
    message = git(repository, "log", "-1", "--format=%B")
    assert message.startswith("responses: Change cost (general).")
    assert f"Approved-by: {people.clinician.name}" in message
    changed = git(repository, "show", "--format=", "--name-only", "HEAD")
    assert changed == "data/responses/cost.yml"
    assert git(repository, "diff", "--cached", "--name-only").endswith("history.yml")
    assert "example.org" not in git(repository, "log", "-1", "--format=%ae %ce")


def test_git_that_refuses_leaves_nothing_half_done(people, repository, answers, before):
    old = answers.file("cost").read_bytes()
    revision = answers.propose(people.trainer, answers.reworded())
    lock = repository / ".git" / "index.lock"  # somebody else is committing
    lock.touch()
    said = answers.approve(people.clinician, revision)
    assert "git has refused" in said and "Nothing was changed." in said
    assert answers.file("cost").read_bytes() == old
    assert revision.state == "proposed" and revision.decided_by is None
    assert deeds("approve", since=before) == 0
    lock.unlink()
    assert "Approved." in answers.approve(people.clinician, revision)
    assert git(repository, "status", "--porcelain") == ""


def test_file_that_git_does_not_keep_is_written_without_a_commit(
    people, repository, answers
):
    git(repository, "rm", "--quiet", "--cached", "data/responses/cost.yml")
    git(repository, "commit", "--quiet", "--message=Out.")
    revision = answers.propose(people.trainer, answers.reworded())
    assert "Approved." in answers.approve(people.clinician, revision)
    assert revision.commit == ""
    assert git(repository, "rev-list", "--count", "HEAD") == "2"


# --- failures between the steps -------------------------------------------------------
class DiskFullError(OSError):
    strerror = "No space left on device"


def test_disk_that_is_full_changes_nothing(people, answers, monkeypatch):
    old = answers.file("cost").read_bytes()
    revision = answers.propose(people.trainer, answers.reworded())

    def full(*arguments):
        raise DiskFullError

    with monkeypatch.context() as patch:
        patch.setattr("retraining.whole_file.os.fsync", full)
        said = answers.approve(people.clinician, revision)
    assert "No space left on device. Nothing was changed." in said
    assert revision.state == "proposed"
    assert answers.file("cost").read_bytes() == old
    assert {p.suffix for p in answers.folder.iterdir()} == {".yml"}


def test_ledger_that_fails_takes_file_and_commit_back(
    people, repository, answers, monkeypatch
):
    old = answers.file("cost").read_bytes()
    revision = answers.propose(people.trainer, answers.reworded())

    def fail(*arguments, **detail):
        raise RuntimeError("the database has gone")

    with monkeypatch.context() as patch:
        patch.setattr(publishing_steps, "record", fail)
        day = answers.texts.today() + timedelta(days=9)
        with pytest.raises(RuntimeError):
            publishing.approve(people.clinician.person, revision, day)
    revision.refresh_from_db()
    assert revision.state == "proposed" and revision.decided_by is None
    assert answers.file("cost").read_bytes() == old
    assert git(repository, "status", "--porcelain") == ""
    assert "Take back" in git(repository, "log", "-1", "--format=%s")
    assert "Approved." in answers.approve(people.clinician, revision)


@pytest.mark.parametrize("is_written", [False, True])
def test_crash_half_way_is_finished_or_taken_back(
    people, answers, monkeypatch, is_written, before
):
    revision = answers.propose(people.trainer, answers.reworded())
    old = answers.file("cost").read_bytes()

    class KilledError(BaseException):
        pass

    def kill(*arguments, **named):
        raise KilledError

    day = answers.texts.today() + timedelta(days=9)
    with monkeypatch.context() as patch:
        # A process that is killed takes nothing back.
        patch.setattr(publishing, "release", lambda revision: None)
        patch.setattr(writing.Written, "undo", lambda written: None)
        patch.setattr(publishing, "finish" if is_written else "write", kill)
        with pytest.raises(KilledError):
            publishing.approve(people.clinician.person, revision, day)
    revision.refresh_from_db()
    assert revision.state == "publishing"

    people.viewer.page("/staff/answers/")

    revision.refresh_from_db()
    assert revision.state == ("approved" if is_written else "proposed")
    assert deeds("approve", since=before) == int(is_written)
    assert (answers.file("cost").read_bytes() != old) == is_written


def test_crash_before_a_change_by_hand_frees_the_proposal(people, answers):
    revision = answers.propose(people.trainer, answers.reworded())
    AnswerRevision.objects.filter(pk=revision.pk).update(
        state="publishing", decided_by=people.clinician.person
    )
    file = answers.file("cost")
    file.write_text(file.read_text().replace("Our prices are:", "Prices:"))
    page = words_of(people.viewer.page(f"/staff/answers/proposals/{revision.pk}/"))
    assert "Waits for approval" in page


# --- review of a text as it is --------------------------------------------------------
def test_still_right_renews_the_day_and_nothing_else(people, answers, before):
    old = answers.spot()
    path = f"{COST}general/review"
    form = {"mark": old.mark, "review_by": "2027-02-01"}
    assert people.trainer.post(path, form).status_code == 403
    assert people.administrator.post(path, form).status_code == 403
    assert people.clinician.post(path, form).headers["Location"] == f"{COST}#general"
    page = words_of(people.clinician.page(COST))
    assert "Reviewed: the text is approved as it is." in page
    new = answers.spot()
    assert (new.answer.text, new.mark) == (old.answer.text, old.mark)
    assert new.answer.metadata["review_by"] == "2027-02-01"
    assert not new.answer.is_draft
    assert deeds("review answer", since=before) == 1
    row = AnswerRevision.objects.get()
    assert (row.kind, row.state, row.review_by) == (
        "review",
        "approved",
        date(2027, 2, 1),
    )
    stale = form | {"mark": "0" * 64}
    people.clinician.post(path, stale)
    assert "changed since you have read it" in words_of(people.clinician.page(COST))


def test_own_words_are_reviewed_by_somebody_else(people, answers):
    own, other = people.new("clinician"), people.new("clinician")
    answers.approve(other, answers.propose(own, answers.reworded()))
    form = {"mark": answers.spot().mark, "review_by": "2027-02-01"}
    own.post(f"{COST}general/review", form)
    assert "These are your own words" in words_of(own.page(COST))
    assert answers.spot().answer.metadata["review_by"] == "2026-12-17"
    other.post(f"{COST}general/review", form)
    assert answers.spot().answer.metadata["review_by"] == "2027-02-01"


# --- stop saying this -----------------------------------------------------------------
def ask(patient, rasa, answer, count=1):
    rasa.say(FAQ | {"response": answer.name, "version": answer.version})
    patient.say("how much is it?")
    return patient.replies(count)[-1]


@pytest.mark.parametrize("scope", ["text", "all"])
def test_a_blocked_text_is_gone_with_the_next_reply(
    people, answers, patient, rasa, scope, before
):
    answer = answers.spot().answer
    assert ask(patient, rasa, answer)["text"] == FAQ["text"]
    path, form = f"{COST}general/block", {"reason": "wrong price", "scope": scope}
    assert people.viewer.post(path, form).status_code == 403
    people.responder.post(path, form | {"reason": " "})
    assert "Say what is wrong" in words_of(people.responder.page(COST))

    people.responder.post(path, form)

    replies = ask(patient, rasa, answer, 2)
    assert replies["route"] == "not_understood"
    page = words_of(people.viewer.page(COST))
    assert f"Stopped by {people.responder.name}" in page and "wrong price" in page
    assert deeds("block", since=before) == 1
    other = answers.spot(variant="treatment-spravato").answer
    newcomer = people.gateway.patient()
    is_said = ask(newcomer, rasa, other)["text"] == FAQ["text"]
    assert is_said == (scope == "text")
    blocked = words_of(people.viewer.page("/staff/answers/?state=blocked"))
    assert ("1 text found" in blocked) == (scope == "text")
    people.responder.post(path, form)
    assert "out of service already" in words_of(people.responder.page(COST))

    version = answer.version if scope == "text" else ""
    undo = f"{COST}unblock"
    for member in (people.responder, people.administrator, people.trainer):
        assert member.post(undo, {"version": version}).status_code == 403
    people.clinician.post(undo, {"version": version})
    assert "Back in service." in words_of(people.clinician.page(COST))
    assert ask(people.gateway.patient(), rasa, answer)["text"] == FAQ["text"]
    assert deeds("unblock", since=before) == 1


@pytest.mark.parametrize(
    "response",
    [
        "utter_crisis_self_harm",
        "utter_emergency_overdose",
        "utter_handoff_dosing",
        "utter_human",
        "utter_not_understood",
        "utter_answer_overdue",
        "utter_line_after_urgent",
        GREETING,
    ],
)
def test_what_must_be_there_is_never_blocked(people, answers, response):
    for scope in ("text", "all"):
        path = f"/staff/answers/{response}/general/block"
        people.clinician.post(path, {"reason": "I don't like it", "scope": scope})
        page = words_of(people.clinician.page(f"/staff/answers/{response}/"))
        assert "is never taken out of service" in page
    assert not BlockedAnswer.objects.exists()


def test_blocking_works_while_the_file_can_not_be_read(people, answers):
    answers.file("cost").write_text("responses: {")
    people.responder.post(f"{COST}general/block", {"reason": "wrong price"})
    assert BlockedAnswer.objects.filter(response="utter_cost").exists()


def test_a_new_text_is_said_though_the_old_one_is_blocked(people, answers):
    old = answers.spot().answer.version
    people.responder.post(f"{COST}general/block", {"reason": "wrong price"})
    revision = answers.propose(people.trainer, answers.reworded())
    answers.approve(people.clinician, revision)
    assert "Out of service" not in words_of(people.viewer.page(COST))
    assert BlockedAnswer.objects.get().version == old


# --- who was shown it, and the history ------------------------------------------------
def test_who_was_shown_the_old_text_between_two_days(
    people, answers, rasa, patient, before
):
    old = answers.spot().answer
    Message.objects.filter(version=old.version).delete()  # of other tests
    ask(patient, rasa, old)
    later = people.gateway.patient()
    ask(later, rasa, old)
    Message.objects.filter(conversation=later.id).update(sent_at="2026-03-05T02:00Z")
    other = people.gateway.patient()
    rasa.say(FAQ | {"response": old.name, "version": "another"})
    other.say("how much is it?")
    other.replies()

    page = f"{COST}shown/?version={old.version}"
    every = people.viewer.page(page)
    assert str(patient.id) in every and str(later.id) in every
    assert str(other.id) not in every and "2 conversations." in words_of(every)
    # 02:00 UTC is the day before at the clinic.
    march = people.viewer.page(f"{page}&first=2026-03-04&last=2026-03-04")
    assert str(later.id) in march and "1 conversation." in words_of(march)
    assert "0 conversations." in words_of(
        people.viewer.page(f"{page}&first=2026-03-05&last=2026-03-05")
    )
    assert "first day is after" in words_of(
        people.viewer.page(f"{page}&first=2026-03-05&last=2026-03-01")
    )
    assert deeds("trace", since=before) == 4

    answer = people.viewer.get(f"{COST}shown.csv?version={old.version}&last=2026-03-31")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["conversation"] == str(later.id) and row["times"] == "1"
    assert row["first shown"] == "2026-03-04 19:00"
    assert row["address"].endswith(f"/staff/conversations/{later.id}/")
    assert deeds("export list", since=before) == 1
    Message.objects.filter(response=old.name).delete()


def test_history_tells_everything(people, answers):
    first = answers.propose(people.trainer, answers.reworded())
    reason = {"reason": "too long"}
    people.clinician.post(f"/staff/answers/proposals/{first.pk}/reject", reason)
    second = answers.propose(people.trainer, answers.reworded(add=" Just ask."))
    answers.approve(people.clinician, second)
    form = {"mark": answers.spot().mark, "review_by": "2027-02-01"}
    people.clinician.post(f"{COST}general/review", form)
    people.responder.post(f"{COST}general/block", {"reason": "wrong price again"})
    html = people.viewer.page(f"{COST}history/")
    page = words_of(html)
    for words in (
        "Proposal rejected",
        "Why not: too long",
        "New words approved",
        f"Why: {NOTE}",
        "[put in: Just ask. ]",
        "Reviewed: the words stay",
        "Taken out of service",
        "wrong price again",
        f"words by {people.trainer.name}",
    ):
        assert words in page, words
    assert f"version={second.old_version}" in html
    assert page.index("Taken out of service") < page.index("Proposal rejected")


def test_other_processes_notice_within_seconds(people, answers):
    """A second front desk, or this one without being told."""
    from frontdesk.chat.texts import Texts

    other = Texts(AnswerLibrary(answers.folder), answers.texts.clinic)
    revision = answers.propose(people.trainer, answers.reworded())
    answers.approve(people.clinician, revision)
    wait_until(
        lambda: other.library.choose("utter_cost", {}).text == revision.new_text, 5
    )
