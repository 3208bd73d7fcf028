"""Claim, hand on, put off, resolve: recorded, and only one of two is first."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from frontdesk.audit import ledger
from frontdesk.chat.models import Matter
from frontdesk.inbox import queue_deeds
from frontdesk.inbox.matters_refs import open_refs
from tests.staff.queue_for_tests import (
    QUEUE,
    alert,
    conversation,
    do,
    empty,
    entries,
    entry,
    key_of,
    news,
    recorded,
    ref_of,
    ticket,
    words,
)


@pytest.fixture(autouse=True)
def queue(gateway):
    empty()


@pytest.fixture
def maria(people):
    return people.responder


@pytest.fixture
def ben(people):
    return people.clinician


def test_acknowledge_makes_it_mine_and_is_recorded(maria):
    raised = alert("crisis", "self_harm")

    answer = do(maria, "acknowledge", raised)

    raised.refresh_from_db()
    assert raised.acknowledged_by == raised.assigned_to == maria.person
    assert news(answer) == "Acknowledged."
    said = words(entry(answer.text, raised))
    assert f"Acknowledged by {maria.name}" in said and "You have it." in said
    (row,) = recorded(raised, "acknowledge")
    assert row.person == maria.person
    assert row.detail == {"conversation": str(raised.conversation_id)}


def test_acknowledge_covers_what_was_seen_and_no_later_alert(maria):
    whose = conversation(after_urgent=True)
    seen = alert("crisis", "self_harm", 5, whose)
    later = alert("crisis", "self_harm", 0, whose)

    answer = do(maria, "acknowledge", seen)

    later.refresh_from_db()
    assert later.acknowledged_at is None
    assert "Acknowledge: I see to it" in words(entry(answer.text, later))


def test_acknowledge_twice_by_the_same_person_is_one(maria):
    raised = alert("crisis", "self_harm")
    do(maria, "acknowledge", raised)

    answer = do(maria, "acknowledge", raised)

    assert news(answer) == "Acknowledged."
    assert len(recorded(raised, "acknowledge")) == 1


def test_second_one_sees_who_acknowledged(maria, ben):
    raised = alert("crisis", "self_harm")
    do(maria, "acknowledge", raised)

    answer = do(ben, "acknowledge", raised)

    assert news(answer) == f"{maria.name} was faster: acknowledged already."
    assert f"{maria.name} has it." in words(entry(answer.text, raised))


def test_claim_takes_what_nobody_has(maria, ben):
    handed = ticket("dosing")

    first, second = do(maria, "claim", handed), do(ben, "claim", handed)

    handed.refresh_from_db()
    assert handed.assigned_to == maria.person
    assert news(first) == "It is yours now."
    assert news(second) == f"{maria.name} was faster and has it now."
    assert len(recorded(handed, "claim")) == 1


def test_assign_gives_it_to_a_colleague_who_must_still_acknowledge(maria, ben):
    raised = alert("crisis", "self_harm")

    answer = do(maria, "assign", raised, to=ben.person.pk)

    raised.refresh_from_db()
    assert (raised.assigned_to, raised.acknowledged_at) == (ben.person, None)
    assert news(answer) == f"{ben.name} has it now."
    (row,) = recorded(raised, "assign")
    assert row.detail["to"] == ben.person.pk


def test_hand_on_from_one_to_the_other(maria, ben):
    handed = ticket("dosing", assigned_to=maria.person)

    do(maria, "assign", handed, to=ben.person.pk, held_by=maria.person.pk)

    handed.refresh_from_db()
    assert handed.assigned_to == ben.person


def test_take_it_from_a_colleague_who_is_gone(maria, ben):
    handed = ticket("dosing", assigned_to=maria.person)
    part = words(entry(ben.page(QUEUE), handed))

    answer = do(ben, "assign", handed, to=ben.person.pk, held_by=maria.person.pk)

    handed.refresh_from_db()
    assert f"Take it from {maria.name}" in part
    assert handed.assigned_to == ben.person
    assert news(answer) == "It is yours now."


def test_hand_on_is_refused_if_it_went_elsewhere_meanwhile(people, maria, ben):
    handed = ticket("dosing", assigned_to=ben.person)

    answer = do(maria, "assign", handed, to=maria.person.pk, held_by="")

    handed.refresh_from_db()
    assert handed.assigned_to == ben.person
    assert news(answer) == f"Not handed on: {ben.name} has it by now."


@pytest.mark.parametrize("role", ["viewer", "trainer"])
def test_nobody_is_given_what_they_may_not_do(people, maria, role):
    handed = ticket("dosing")

    answer = do(maria, "assign", handed, to=people[role].person.pk)

    handed.refresh_from_db()
    assert handed.assigned_to is None
    assert news(answer) == "Choose a colleague."


def test_release_puts_it_back(maria, ben):
    handed = ticket("dosing", assigned_to=maria.person)

    others, mine = do(ben, "release", handed), do(maria, "release", handed)

    handed.refresh_from_db()
    assert handed.assigned_to is None
    assert news(others) == "Not put back: it is not yours any more."
    assert news(mine) == "Put back: anybody can take it."


@pytest.mark.parametrize("until, minutes", [("15m", 15), ("1h", 60)])
def test_snooze_takes_it_off_the_list_for_a_while(maria, until, minutes):
    handed = ticket("dosing")

    answer = do(maria, "snooze", handed, until=until)

    handed.refresh_from_db()
    left = handed.snoozed_until - timezone.now()
    assert timedelta(minutes=minutes - 1) < left <= timedelta(minutes=minutes)
    assert entries(answer.text) == []
    assert f'id="off-{key_of(handed)}"' in answer.text
    assert f'data-wake="{handed.snoozed_until.isoformat()}"' in answer.text
    assert recorded(handed, "snooze")


def test_what_was_put_off_comes_back_at_its_time_or_at_once(maria):
    handed = ticket("dosing", snoozed_until=timezone.now() + timedelta(hours=1))
    before = entries(maria.page(QUEUE))
    woken = do(maria, "wake", handed)
    due = ticket("symptoms", snoozed_until=timezone.now() - timedelta(seconds=1))

    assert before == []
    assert entries(woken.text) == [key_of(handed)]
    assert key_of(due) in entries(maria.page(QUEUE))


# fmt: off
OPENINGS = [  # the example clinic, UTC-7: 9 to 17, Friday to 15, closed at weekends
    ("2026-12-07T16:30+00:00", "2026-12-08T16:00+00:00"),  # Monday 9:30 -> Tuesday 9
    ("2026-12-07T08:00+00:00", "2026-12-08T16:00+00:00"),  # Monday 1:00 -> not today
    ("2026-12-11T20:00+00:00", "2026-12-14T16:00+00:00"),  # Friday -> Monday
    ("2026-12-24T20:00+00:00", "2026-12-28T16:00+00:00"),  # Christmas and a weekend
]
# fmt: on


@pytest.mark.parametrize("now, opening", OPENINGS)
def test_tomorrows_opening_is_the_next_day_that_the_clinic_opens(now, opening):
    until = queue_deeds._snooze_until("opening", datetime.fromisoformat(now))

    assert until.astimezone(UTC) == datetime.fromisoformat(opening)


def test_unacknowledged_alert_cannot_be_put_off(maria):
    raised = alert("crisis", "self_harm")

    answer = do(maria, "snooze", raised, until="1h")

    raised.refresh_from_db()
    assert raised.snoozed_until is None
    assert "Acknowledge the alert first" in news(answer)
    assert "Put off" not in words(entry(answer.text, raised))


@pytest.mark.parametrize("outcome", Matter.Outcome.values)
def test_resolve_asks_what_became_of_it(maria, outcome):
    handed = ticket("dosing", assigned_to=maria.person)

    answer = do(maria, "resolve", handed, outcome=outcome)

    handed.refresh_from_db()
    assert (handed.outcome, handed.resolved_by) == (outcome, maria.person)
    assert entries(answer.text) == []
    (row,) = recorded(handed, "resolve")
    assert row.detail["outcome"] == outcome


@pytest.mark.parametrize("outcome", ["", "done"])
def test_resolve_without_an_outcome_does_nothing(maria, outcome):
    handed = ticket("dosing")

    answer = do(maria, "resolve", handed, outcome=outcome)

    handed.refresh_from_db()
    assert handed.resolved_at is None
    assert news(answer) == "Not resolved: say what became of it."


def test_who_resolves_an_alert_has_acknowledged_it(maria):
    raised = alert("crisis", "self_harm")

    do(maria, "resolve", raised, outcome="false_alarm")

    raised.refresh_from_db()
    assert raised.acknowledged_by == raised.resolved_by == maria.person


def test_nobody_resolves_what_a_colleague_has(maria, ben):
    handed = ticket("dosing", assigned_to=maria.person)

    answer = do(ben, "resolve", handed, outcome="answered")

    handed.refresh_from_db()
    assert handed.resolved_at is None
    assert news(answer).startswith(f"{maria.name} has it")


def test_buttons_work_without_scripts(maria):
    raised = alert("crisis", "self_harm")

    answer = do(maria, "acknowledge", raised, plain=True, who="nobody")
    page = maria.page(answer.headers["Location"])

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/staff/?who=nobody"
    assert "Acknowledged." in page


# fmt: off
NONSENSE = [
    {}, {"matter": "alert-0"}, {"matter": "alert-"}, {"matter": "person-1"},
    {"matter": "alert-\u0661"}, {"matter": "ticket-999999999999999999999"},
]
# fmt: on


@pytest.mark.parametrize("deed", queue_deeds.DEEDS)
@pytest.mark.parametrize("form", NONSENSE, ids=repr)
def test_nonsense_changes_nothing_and_is_answered_in_words(maria, deed, form):
    values = {"until": "1h", "outcome": "answered", "to": maria.person.pk}

    answer = maria.post(
        f"/staff/queue/{deed}", form | values, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert news(answer)


@pytest.mark.parametrize("deed", queue_deeds.DEEDS)
def test_who_may_only_read_can_do_nothing(people, deed):
    handed = ticket("dosing")

    for role in ("viewer", "trainer"):
        assert do(people[role], deed, handed).status_code == 403
    assert people.visitor().post(f"/staff/queue/{deed}").status_code == 401


def _at_once(*works):
    """Does things at the same moment; gives what came of each."""
    barrier, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        barrier.wait()
        found[place] = work()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("deed", ["claim", "acknowledge"])
def test_of_two_at_the_same_time_one_is_first_and_the_other_is_told(maria, ben, deed):
    for _ in range(8):
        raised = alert("crisis", "self_harm")

        answers = _at_once(
            lambda raised=raised: do(maria, deed, raised),
            lambda raised=raised: do(ben, deed, raised),
        )

        raised.refresh_from_db()
        first = raised.assigned_to.name
        told = dict(zip((maria.name, ben.name), map(news, answers), strict=True))
        (row,) = recorded(raised, deed)
        assert row.actor == first
        assert raised.acknowledged_by.name == first
        assert told.pop(first) in ("It is yours now.", "Acknowledged.")
        assert f"{first} was faster" in told.popitem()[1]


def test_resolve_and_claim_at_the_same_time_do_not_both_happen(maria, ben):
    for _ in range(8):
        handed = ticket("dosing")

        answers = _at_once(
            lambda handed=handed: do(maria, "resolve", handed, outcome="answered"),
            lambda handed=handed: do(ben, "claim", handed),
        )

        handed.refresh_from_db()
        told = [news(answer) for answer in answers]
        if handed.resolved_at:
            assert f"{maria.name} was faster: it is resolved." in told
            assert handed.assigned_to is None
        else:
            assert handed.assigned_to == ben.person
            assert told[0].startswith(f"{ben.name} has it")


def test_ledger_is_whole_after_all_that():
    assert ledger.verify() is None


def test_entry_of_several_is_acted_on_as_one_or_not_at_all(maria, ben):
    whose = conversation()
    mine = ticket("dosing", 1, whose)
    theirs = ticket("call_back", 1, whose, assigned_to=ben.person)

    answer = do(maria, "claim", mine, theirs)

    mine.refresh_from_db()
    assert mine.assigned_to is None
    assert f"{ben.name} was faster" in news(answer)


def test_refs_of_a_conversation_are_all_that_is_open():
    whose = conversation(after_urgent=True)
    handed, raised = ticket("dosing", 1, whose), alert("crisis", "abuse", 1, whose)
    ticket("booking", 1, whose, resolved_at=timezone.now())

    assert set(map(str, open_refs(whose.pk))) == {ref_of(handed), ref_of(raised)}
