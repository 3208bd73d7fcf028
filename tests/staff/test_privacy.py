"""Export and erasure by staff, and what retention deletes and proves."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from clinic.profile import ClinicFileError
from frontdesk.audit.ledger import verify
from frontdesk.audit.models import Entry
from frontdesk.chat import retention, retention_kinds
from frontdesk.chat.models import (
    Alert,
    Contact,
    Conversation,
    Feedback,
    Message,
    Original,
    Ticket,
)
from frontdesk.chat.periods import USUAL, read_periods
from frontdesk.inbox.models import Note, Tag

from tests.frontdesk.gateway_for_tests import HAND_OFF, wait_until  # isort: skip

PRIVATE = "my name is Jane Doe, call 303-555-0182"
CRISIS = "i want to kill myself tonight"
CONTACT = {"name": "Jane Doe", "phone": "(303) 555-0182"}


def page(patient):
    return f"/staff/conversations/{patient.id}/privacy"


def entries(patient):
    return Entry.objects.filter(subject=f"conversation {patient.id}").order_by("pk")


def filled(patient, rasa):
    """A conversation with everything that can hang on one."""
    rasa.say(HAND_OFF)
    patient.say(PRIVATE)
    (reply,) = patient.replies()
    patient.post("/chat/feedback", {"message": reply["id"], "thumb": "up"})
    patient.post("/chat/contact", CONTACT)
    row = Conversation.objects.get(pk=patient.id)
    Note.objects.create(conversation=row, text="Jane called")
    Tag.objects.get_or_create(name="cost")[0].conversations.add(row)
    return row


def everything_of(patient):
    message = {"message__conversation": patient.id}
    rows = [model.objects.filter(**message) for model in (Original, Feedback)]
    mine = {"conversation": patient.id}
    rows += [m.objects.filter(**mine) for m in (Message, Contact, Ticket, Alert, Note)]
    rows.append(Tag.objects.filter(conversations=patient.id))
    return {each.model.__name__ for each in rows if each.exists()}


def erase(member, patient, asked="person", typed=None):
    typed = str(patient.id)[:8] if typed is None else typed
    return member.post(f"{page(patient)}/erase", {"asked": asked, "typed": typed})


# --- on request -----------------------------------------------------------------------


def test_only_who_may(patient, people):
    for role in ("viewer", "responder", "trainer", "clinician"):
        assert people[role].get(page(patient)).status_code == 403
        assert people[role].post(f"{page(patient)}/export").status_code == 403
        assert erase(people[role], patient).status_code == 403
    assert Conversation.objects.get(pk=patient.id).erased_at is None


def test_page_says_what_is_kept(patient, rasa, people):
    filled(patient, rasa)

    html = people.administrator.page(page(patient))

    assert str(patient.id)[:8] in html
    assert "own words of 1 message, encrypted" in html
    assert "Name and number for a call back" in html
    assert "Jane" not in html
    assert entries(patient).filter(action="read").exists()


def test_export_is_the_patients_own_copy_and_recorded(patient, rasa, people):
    filled(patient, rasa)
    own = patient.http.get("/chat/export", headers=patient.headers).json()

    answer = people.administrator.post(f"{page(patient)}/export", {"asked": "writing"})

    copy = json.loads(answer.text)
    assert {**copy, "exported_at": ""} == {**own, "exported_at": ""}
    assert answer.headers["content-disposition"].endswith('.json"')
    assert "no-store" in answer.headers["cache-control"]
    noted = entries(patient).get(action="export")
    assert (noted.person, noted.detail) == (
        people.administrator.person,
        {"asked": "writing"},
    )


def test_nothing_happens_without_a_reason_or_with_the_wrong_number(
    patient, rasa, people
):
    filled(patient, rasa)
    before = everything_of(patient)
    member = people.administrator

    for ask in (
        lambda: member.post(f"{page(patient)}/export", {"asked": "because"}),
        lambda: erase(member, patient, asked=""),
        lambda: erase(member, patient, typed=""),
        lambda: erase(member, patient, typed="deadbeef"),
    ):
        assert ask().status_code == 302
        assert "Nothing was" in member.page(page(patient))

    assert everything_of(patient) == before
    assert not entries(patient).filter(action__in=["erase", "export"]).exists()


def test_erasure_leaves_a_mark_ends_the_chat_and_is_recorded(patient, rasa, people):
    filled(patient, rasa)
    member = people.administrator

    with patient.stream() as events:
        assert erase(member, patient).status_code == 302
        wait_until(lambda: events.is_over)

    assert everything_of(patient) == set()
    assert Conversation.objects.get(pk=patient.id).erased_at is not None
    assert str(patient.id) in rasa.forgotten
    noted = entries(patient).get(action="erase")
    assert noted.person == member.person
    assert noted.detail == {"asked": "person", "alert_stays": False}
    assert "It is erased" in member.page(page(patient))
    assert patient.say("hello").status_code == 401
    assert erase(member, patient).status_code == 404
    assert member.post(f"{page(patient)}/export", {"asked": "chat"}).status_code == 404


def test_open_alert_stays_until_somebody_resolves_it(patient, people):
    patient.say(CRISIS)
    assert erase(people.administrator, patient).status_code == 302
    (alert,) = Alert.objects.filter(conversation=patient.id)
    assert alert.message is None
    html = people.administrator.page(page(patient))
    assert "1 urgent alert is still open" in html

    Alert.objects.filter(pk=alert.pk).update(resolved_at=timezone.now())

    wait_until(lambda: not Alert.objects.filter(pk=alert.pk).exists())
    noted = entries(patient).get(action="delete")
    assert (noted.actor, noted.detail) == ("erasure", {"deleted": {"Alert": 1}})


def test_an_erasure_by_the_patient_is_recorded_without_a_person(patient):
    patient.http.delete("/chat/session", headers=patient.headers)

    noted = entries(patient).get(action="erase")
    assert (noted.person, noted.actor) == (None, "patient's request")
    assert noted.detail == {"asked": "chat", "alert_stays": False}


# --- retention ------------------------------------------------------------------------


def make_older(patient, **by):
    """As if all of it had been earlier."""
    span = timedelta(**by)
    row = Conversation.objects.filter(pk=patient.id)
    row.update(last_seen_at=F("last_seen_at") - span, created_at=F("created_at") - span)
    row.get().messages.update(sent_at=F("sent_at") - span)
    row.get().contacts.update(created_at=F("created_at") - span)


def wait_for_the_job():
    """Two rounds: what was there when the first one began is through."""
    retention.retention._next = 0.0
    for kind in retention_kinds.KINDS:
        wait_until(lambda kind=kind: not kind.due(kind.before).exists(), 15)


def test_conversation_goes_after_its_period_and_the_ledger_proves_it(
    gateway, patient, rasa
):
    other = gateway.patient()
    filled(patient, rasa)
    other.say("hello")
    other.replies()
    start = Entry.objects.last().number
    make_older(patient, days=settings.KEPT["conversations"].days + 1)
    make_older(other, days=settings.KEPT["conversations"].days - 1)

    wait_for_the_job()
    wait_until(lambda: Conversation.objects.get(pk=patient.id).erased_at)

    assert everything_of(patient) == set()
    assert everything_of(other) == {"Message", "Ticket"}
    wait_until(lambda: str(patient.id) in rasa.forgotten or _is_forgotten(patient))
    mine = Entry.objects.filter(actor="retention", number__gt=start)
    noted = mine.filter(subject="retention: conversations").first()
    assert noted.detail["deleted"]["Message"] >= 2
    cut_off = timezone.now() - settings.KEPT["conversations"]
    assert noted.detail["before"].startswith(f"{cut_off:%Y-%m-%d}")
    proof = wait_until(lambda: mine.filter(action="prove retention").first())
    assert proof.detail["left"] == {}
    assert verify() is None


def _is_forgotten(patient):
    """Its turn comes when no message can be on its way any more."""
    row = Conversation.objects.filter(pk=patient.id)
    row.update(erased_at=timezone.now() - timedelta(minutes=1))
    return row.get().tracker_erased_at


def test_nothing_of_a_conversation_with_an_open_alert_goes(patient, rasa):
    filled(patient, rasa)
    patient.say(CRISIS)
    before = everything_of(patient)
    make_older(patient, days=3000)
    Original.objects.filter(message__conversation=patient.id).update(
        delete_after=timezone.now() - timedelta(days=9)
    )

    wait_for_the_job()
    call_command("retention", verbosity=0)
    assert everything_of(patient) == before
    assert Entry.objects.filter(action="prove retention").last().detail["held"] >= 1

    Alert.objects.filter(conversation=patient.id).update(resolved_at=timezone.now())
    wait_until(lambda: everything_of(patient) == set(), 15)


def test_kinds_have_periods_of_their_own(gateway, patient, rasa):
    filled(patient, rasa)
    unused = gateway.patient()
    make_older(unused, days=31)
    make_older(patient, days=91)
    old, new = timezone.now() - timedelta(days=366), timezone.now()
    matters = {"conversation_id": patient.id, "reason": "cost"}
    gone = Ticket.objects.create(**matters, resolved_at=old)
    stays = Ticket.objects.create(**matters, resolved_at=new)

    wait_for_the_job()

    assert everything_of(patient) == {"Message", "Feedback", "Ticket", "Note", "Tag"}
    assert not Ticket.objects.filter(pk=gone.pk).exists()
    assert Ticket.objects.filter(pk=stays.pk).exists()
    assert Conversation.objects.get(pk=unused.id).erased_at
    assert Conversation.objects.get(pk=patient.id).erased_at is None


def test_a_mark_goes_at_the_very_end(patient, people):
    erase(people.administrator, patient)
    row = Conversation.objects.filter(pk=patient.id)
    row.update(erased_at=timezone.now() - settings.KEPT["tombstones"])

    wait_until(lambda: not row.exists(), 15)


def test_dry_run_deletes_nothing(patient, rasa, capsys, change):
    change(RETENTION_SECONDS=3600)
    filled(patient, rasa)
    retention.retention._next = float("inf")
    try:
        make_older(patient, days=3000)
        before = everything_of(patient)
        last = Entry.objects.last().number

        call_command("retention", "--dry-run")

        said = capsys.readouterr().out
        assert ": 1 would go" in said
        assert everything_of(patient) == before
        assert Entry.objects.last().number == last
    finally:
        retention.retention._next = 0.0


def test_what_is_left_is_an_error(patient, caplog, monkeypatch):
    kind = retention_kinds.KINDS[3]
    stuck = retention_kinds.Kind(
        kind.name, kind.words, "", lambda _: Message.objects.all(), lambda _: {}
    )
    monkeypatch.setattr(retention, "KINDS", (stuck,))

    retention.prove(always=True)

    assert "Past their period, and still there" in caplog.text
    proof = Entry.objects.filter(action="prove retention").last()
    assert proof.detail["left"]["conversations"] > 0


@pytest.mark.parametrize(
    "given",
    [[1], {"originals": 0}, {"originals": "30"}, {"originals": True}, {"ledger": 1}],
    ids=str,
)
def test_periods_that_make_no_sense_are_refused(given, tmp_path):
    with pytest.raises(ClinicFileError, match="kept_days"):
        read_periods(given, tmp_path / "clinic.yml")


def test_periods_that_are_missing_are_the_usual_ones(tmp_path):
    periods = read_periods({"originals": 7}, tmp_path)
    assert {kind: span.days for kind, span in periods.items()} == {
        **USUAL,
        "originals": 7,
    }
    assert read_periods(settings.CLINIC.values["kept_days"], tmp_path) == settings.KEPT
