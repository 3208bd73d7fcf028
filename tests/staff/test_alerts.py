"""Urgent alerts climb until somebody acknowledges them; what became of it is shown.

The clock is injected and far in the future: the gateway of the other tests, which works
off the same database, then finds none of these alerts due.
"""

import asyncio
import itertools
import logging
import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from frontdesk.alerts import climb, delivery, drill, sending
from frontdesk.alerts.ladder import Ladder, Step
from frontdesk.alerts.models import Attempt, Drill
from frontdesk.alerts.presenter import duration
from frontdesk.alerts.worker import SECONDS_TO_LET_BY, Worker
from frontdesk.audit.models import Entry
from frontdesk.chat.models import Alert
from frontdesk.chat.waiting import waiting
from frontdesk.staff.permissions import Permission
from tests.frontdesk.gateway_for_tests import CERTAIN, wait_until
from tests.staff.alert_receiver import Receiver

_days = itertools.count()


def ladder(*steps, repeat=None, **more):
    """``(minutes, channel, …)`` for each step."""
    made = tuple(Step(timedelta(minutes=at), channels) for at, *channels in steps)
    made = tuple(Step(step.after, tuple(step.channels)) for step in made)
    return Ladder(steps=made, repeat=repeat and timedelta(minutes=repeat), **more)


@pytest.fixture
def receiver(gateway, change):
    # The gateway's worker would send it what other tests have left to be done.
    Alert.objects.update(next_step_at=None)
    made = Receiver()
    names = ("one", "two", "three")
    change(
        ALERT_CHANNELS={f"ALERT_CHANNEL_{n.upper()}": made.channel(n) for n in names}
    )
    yield made
    made.close()


class Climb:
    """One alert with a clock of its own, worked off as the worker does."""

    def __init__(self, **fields):
        self.start = datetime(2100, 1, 1, tzinfo=UTC) + timedelta(days=next(_days))
        self.now = self.start
        values = {"route": "crisis", "topic": "self_harm", "origin": "detector"}
        self.pk = Alert.objects.create(
            **values | fields, created_at=self.now, next_step_at=self.now
        ).pk

    @property
    def alert(self):
        return Alert.objects.get(pk=self.pk)

    @property
    def attempts(self):
        return list(Attempt.objects.filter(alert=self.pk).order_by("step", "pk"))

    @property
    def states(self):
        return [(a.step, a.channel, a.state) for a in self.attempts]

    def go(self, **time):
        """Moves the clock on, then does all that is due."""
        self.now += timedelta(**time)
        with transaction.atomic():
            climb.climb(self.pk, self.now)
        for attempt in self.attempts:
            if attempt.due_at and attempt.due_at <= self.now:
                self.send(attempt)
        alert = self.alert
        if alert.next_step_at and alert.next_step_at <= self.now:
            self.go()
        return self

    def claim(self, attempt, holder="me"):
        with transaction.atomic():
            return sending.claim(attempt.pk, holder, self.now)

    def finish(self, claimed, outcome):
        with transaction.atomic():
            sending.finish(claimed, outcome, self.now)

    def send(self, attempt):
        claimed = self.claim(attempt)
        if claimed:
            outcome = asyncio.run(
                delivery.send_in_time(claimed.channel, claimed.notice)
            )
            self.finish(claimed, outcome)

    def acknowledge(self):
        Alert.objects.filter(pk=self.pk).update(acknowledged_at=self.now)


@pytest.fixture
def three_steps(change):
    change(URGENT_LADDER=ladder((0, "inbox"), (2, "one"), (5, "two", "three")))


def test_an_alert_climbs_step_by_step(receiver, three_steps):
    alert = Climb().go()
    assert alert.states == [(0, "inbox", "posted")]

    alert.go(minutes=1, seconds=59)
    assert len(alert.states) == 1
    alert.go(seconds=1)
    assert alert.states[1:] == [(1, "one", "delivered")]
    alert.go(minutes=3)
    assert alert.states[2:] == [(2, "two", "delivered"), (2, "three", "delivered")]
    alert.go(hours=1)

    assert len(alert.states) == 4
    assert alert.alert.next_step_at is None
    assert [len(receiver.bodies(n)) for n in ("one", "two", "three")] == [1, 1, 1]


@pytest.mark.parametrize("field", ["acknowledged_at", "resolved_at"])
def test_nobody_more_is_told_once_somebody_is_there(receiver, three_steps, field):
    alert = Climb().go()
    Alert.objects.filter(pk=alert.pk).update(**{field: alert.now})

    alert.go(minutes=10)

    assert alert.states == [(0, "inbox", "posted")]
    assert receiver.taken == []


def test_what_was_planned_is_not_sent_after_that(receiver, three_steps):
    alert = Climb().go()
    with transaction.atomic():
        climb.climb(alert.pk, alert.start + timedelta(minutes=2))
    alert.acknowledge()

    alert.go(minutes=3)

    assert alert.states[1:] == [(1, "one", "stopped")]
    assert receiver.taken == []


def test_a_late_look_takes_all_steps_that_are_due(receiver, three_steps):
    alert = Climb().go(minutes=30)

    assert [step for step, *_ in alert.states] == [0, 1, 2, 2]


def test_the_last_step_comes_again_for_a_day(receiver, change):
    change(URGENT_LADDER=ladder((0, "inbox"), (2, "one"), repeat=30))
    alert = Climb().go()

    alert.go(minutes=2)
    for _ in range(60):
        alert.go(minutes=30)

    assert len(receiver.bodies("one")) == 48
    assert alert.alert.next_step_at is None


def test_a_first_step_that_is_later_waits(receiver, change):
    change(URGENT_LADDER=ladder((3, "one")))
    alert = Climb().go()
    assert alert.states == []

    alert.go(minutes=3)

    assert alert.states == [(0, "one", "delivered")]


def test_a_failure_is_tried_again_later_and_later(receiver, three_steps):
    receiver.status = 500
    alert = Climb().go().go(minutes=2)
    waited = []
    for _ in range(2):
        (attempt,) = alert.attempts[1:]
        assert (attempt.state, attempt.error) == ("planned", "the service answered 500")
        waited.append((attempt.due_at - alert.now).total_seconds())
        alert.go(seconds=waited[-1])
    receiver.status = 200
    alert.go(seconds=40)

    (attempt,) = alert.attempts[1:]
    assert waited == [5, 15]
    assert (attempt.state, attempt.tries, attempt.error) == ("delivered", 4, "")
    tries = attempt.all_tries.order_by("number")
    assert [one.outcome for one in tries] == ["failed"] * 3 + ["delivered"]
    assert all(one.finished_at for one in tries)


def test_what_keeps_failing_brings_the_next_step_at_once(receiver, three_steps):
    del receiver
    alert = Climb().go()
    change_to_nothing = {"ALERT_CHANNEL_ONE": "json://127.0.0.1:9/closed"}
    from django.conf import settings

    settings.ALERT_CHANNELS.update(change_to_nothing)

    alert.go(minutes=2)
    for seconds in (5, 15, 40):
        alert.go(seconds=seconds)

    assert alert.states[1] == (1, "one", "failed")
    assert alert.attempts[1].error == "no connection to the service"
    # A minute after the second step, not three.
    assert alert.now - alert.start == timedelta(minutes=3)
    assert alert.states[2:] == [(2, "two", "delivered"), (2, "three", "delivered")]


# fmt: off
HURRIES = [  # channels of the first step, hurries
    (["broken"],            True),
    (["broken", "inbox"],   True),
    (["broken", "one"],     False),
    (["nowhere"],           False),  # a dry run shows how it would be
    (["inbox"],             False),
    (["inbox:nobody@x.example"], True),
]
# fmt: on


@pytest.mark.parametrize("channels, hurries", HURRIES)
def test_which_failures_hurry(receiver, change, channels, hurries):
    change(URGENT_LADDER=ladder((0, *channels), (9, "two")))
    change(
        ALERT_CHANNELS={
            "ALERT_CHANNEL_BROKEN": "nonsense://",
            "ALERT_CHANNEL_ONE": receiver.channel("one"),
            "ALERT_CHANNEL_TWO": receiver.channel("two"),
        }
    )

    alert = Climb().go()

    assert (len(receiver.bodies("two")) == 1) is hurries
    if "broken" in channels:
        failed = next(a for a in alert.attempts if a.channel == "broken")
        assert (failed.state, failed.tries) == ("failed", 1)


def test_the_next_person_gets_it_as_a_task(people, change):
    nurse = people.make("responder")
    viewer = people.make("viewer")
    change(
        URGENT_LADDER=ladder((0, f"inbox:{nurse.email}"), (2, f"inbox:{viewer.email}"))
    )

    alert = Climb().go()
    assert alert.alert.assigned_to == nurse
    alert.go(minutes=2)

    assert alert.alert.assigned_to == nurse  # a viewer can't take it
    assert [state for *_, state in alert.states] == ["posted", "failed"]
    noted = Entry.objects.filter(subject=f"alert {alert.pk}", action="notify")
    assert [entry.detail["outcome"] for entry in noted.order_by("number")] == [
        "posted",
        "failed",
    ]


def test_a_dry_run_is_loud_and_sent_to_nobody(receiver, change, caplog):
    change(URGENT_LADDER=ladder((0, "pager")), ALERT_CHANNELS={})

    with caplog.at_level(logging.WARNING):
        alert = Climb().go()

    assert alert.states == [(0, "pager", "dry_run")]
    assert "Dry run, nobody is told. pager: Urgent alert" in caplog.text


def test_a_dry_run_is_over_once_it_is_planned(receiver, change):
    change(URGENT_LADDER=ladder((0, "pager"), (2, "one")), ALERT_CHANNELS={})
    alert = Climb()

    with transaction.atomic():
        climb.climb(alert.pk, alert.now)

    (attempt,) = alert.attempts
    assert (attempt.state, attempt.tries, attempt.due_at) == ("dry_run", 0, None)
    assert attempt.finished_at == alert.now
    noted = Entry.objects.filter(subject=f"alert {alert.pk}", action="notify")
    assert [entry.detail["outcome"] for entry in noted] == ["dry_run"]
    assert alert.alert.next_step_at == alert.start + timedelta(minutes=2)


def test_many_alerts_wait_for_patients_together_and_not_long(change, monkeypatch):
    change(URGENT_LADDER=ladder((0, "inbox")))
    alerts = [Climb() for _ in range(4)]
    monkeypatch.setattr(climb, "due_alerts", lambda now: [each.pk for each in alerts])
    monkeypatch.setattr(sending, "due_attempts", lambda now: [])
    worker = Worker(clock=lambda: alerts[-1].now)

    began = time.monotonic()
    with waiting.patient():
        asyncio.run(worker.work_off())
    took = time.monotonic() - began

    assert SECONDS_TO_LET_BY <= took < 3 * SECONDS_TO_LET_BY
    assert {state for each in alerts for state in each.states} == {
        (0, "inbox", "posted")
    }


def test_a_service_that_hangs_is_given_up(receiver, change):
    receiver.seconds = 1.0
    change(URGENT_LADDER=ladder((0, "one")), ALERT_SEND_SECONDS=0.2)

    alert = Climb().go()

    (attempt,) = alert.attempts
    assert (attempt.state, attempt.perhaps_twice) == ("planned", True)
    assert "no answer in 0.2 seconds" in attempt.error


def test_no_word_of_the_patient_leaves_the_house(receiver, patient, change):
    change(URGENT_LADDER=ladder((0, "one", "two")))
    said = f"my name is Zebulon Quux, {CERTAIN}"
    patient.say(said)

    payload = wait_until(lambda: [p for path, p in receiver.taken if path == "one"])[0]

    alert = Alert.objects.get(conversation=patient.id)
    assert payload["title"] == "Urgent alert"
    assert payload["message"] == (
        "Urgent alert at Example Ketamine Clinic: "
        f"http://localhost:8000/staff/#alert-{alert.pk}"
    )
    everything = str(receiver.taken)
    for word in ("Zebulon", "Quux", "kill", "crisis", "self_harm", str(patient.id)):
        assert word not in everything


def test_the_message_says_how_long_it_waits(gateway):
    alert = Climb().alert

    said = delivery.notice(alert, alert.created_at + timedelta(minutes=7, seconds=59))

    assert "waiting 7 minutes at" in said.body


def test_an_alert_is_worked_off_within_a_second(receiver, patient, change):
    change(URGENT_LADDER=ladder((0, "inbox", "one")))
    patient.say(CERTAIN)

    alert = Alert.objects.get(conversation=patient.id)
    wait_until(lambda: receiver.bodies("one"), 5)
    attempt = wait_until(
        lambda: alert.attempts.filter(channel="one", state="delivered").first()
    )

    assert attempt.finished_at - alert.created_at < timedelta(seconds=2)


# --- crashes -------------------------------------------------------------------------
def test_what_a_dead_front_desk_was_sending_is_sent_again(receiver, three_steps):
    alert = Climb().go()
    alert.now += timedelta(minutes=2)
    with transaction.atomic():
        climb.climb(alert.pk, alert.now)
    (attempt,) = alert.attempts[1:]
    assert alert.claim(attempt, "dead.1")

    assert alert.claim(attempt, "other") is None  # perhaps it lives
    alert.now += timedelta(seconds=20)
    alert.send(attempt)

    (attempt,) = alert.attempts[1:]
    assert (attempt.state, attempt.tries, attempt.perhaps_twice) == (
        "delivered",
        2,
        True,
    )
    tries = attempt.all_tries.order_by("number")
    assert [one.outcome for one in tries] == ["unknown", "delivered"]


def test_the_kernel_says_who_is_dead(receiver, three_steps):
    alert = Climb().go()
    with transaction.atomic():
        climb.climb(alert.pk, alert.start + timedelta(minutes=2))
    (attempt,) = alert.attempts[1:]
    alert.now += timedelta(minutes=2)
    alert.claim(attempt, "dead.1")

    sending.free_those_of("dead")

    assert Attempt.objects.get(pk=attempt.pk).due_at < alert.now
    alert.acknowledge()


def test_nobody_knows_if_it_was_acknowledged_meanwhile(receiver, three_steps):
    alert = Climb().go().go(minutes=2)
    (attempt,) = alert.attempts[1:]
    Attempt.objects.filter(pk=attempt.pk).update(state="sending", due_at=alert.now)
    alert.acknowledge()

    alert.send(attempt)

    assert alert.states[1] == (1, "one", "unknown")
    assert len(receiver.taken) == 1


def test_a_late_result_is_kept_and_never_taken_back(receiver, three_steps):
    alert = Climb().go()
    with transaction.atomic():
        climb.climb(alert.pk, alert.start + timedelta(minutes=2))
    alert.now += timedelta(minutes=2)
    (attempt,) = alert.attempts[1:]
    slow = alert.claim(attempt, "slow")
    alert.now += timedelta(seconds=20)
    fast = alert.claim(attempt, "fast")

    alert.finish(slow, delivery.Outcome("delivered"))
    alert.finish(fast, delivery.Outcome("failed", "x", again=True))

    assert alert.states[1] == (1, "one", "delivered")
    outcomes = [t.outcome for t in attempt.all_tries.order_by("number")]
    assert outcomes == ["delivered", "failed"]


def test_of_two_at_once_one_plans_and_one_sends(receiver, three_steps):
    alert = Climb()
    later = alert.start + timedelta(minutes=2)
    claimed = []

    def work(name):
        try:
            for _ in range(2):
                with transaction.atomic():
                    climb.climb(alert.pk, later)
            for attempt in Attempt.objects.filter(alert=alert.pk, channel="one"):
                with transaction.atomic():
                    claimed.append(sending.claim(attempt.pk, name, later))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(s, c) for s, c, _ in alert.states] == [(0, "inbox"), (1, "one")]
    assert len([one for one in claimed if one]) == 1


# --- pages ---------------------------------------------------------------------------
def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_history_shows_every_try(receiver, three_steps, people):
    receiver.status = 500
    alert = Climb().go().go(minutes=2)
    receiver.status = 200
    alert.go(seconds=5)

    page = words(people.viewer.page(f"/staff/alerts/{alert.pk}/"))

    assert "Crisis" in page
    assert "Step 1: all who have the queue open Shown in the queue" in page
    assert "failed, the service answered 500" in page
    assert re.search(r"Step 2: one Delivered \d", page)
    assert Entry.objects.filter(action="read", subject=f"alert {alert.pk}").exists()


def test_the_ladder_page_is_loud_about_dry_runs_and_what_does_not_work(people, change):
    change(
        URGENT_LADDER=ladder((0, "inbox"), (1, "sms:nurse"), (2, "pager")),
        ALERT_CHANNELS={"ALERT_CHANNEL_PAGER": "nonsense://user:secret@host"},
    )

    html = people.viewer.page("/staff/alerts/")

    page = words(html)
    assert "Nobody outside these pages is told of an urgent alert." in page
    assert "text message to nurse not set up Reaches nobody yet" in page
    assert "ALERT_CHANNEL_SMS_NURSE text message to nurse" in page
    assert "pager does not work ALERT_CHANNEL_PAGER: this is no address" in page
    assert "secret" not in html
    assert "Send a test" not in page  # a viewer may not


def test_the_queue_warns_that_nobody_would_be_reached(people, receiver, change):
    change(URGENT_LADDER=ladder((0, "inbox"), (1, "nowhere")))
    warning = "Nobody outside these pages"
    assert warning in people.viewer.page("/staff/")

    change(URGENT_LADDER=ladder((0, "inbox"), (1, "one")))
    assert warning not in people.viewer.page("/staff/")


# fmt: off
TRIALS = [  # channel, status of the service, outcome, words
    ("one",     200, "delivered", "one: the service has taken the test"),
    ("one",     500, "failed",    "one: failed: the service answered 500"),
    ("nowhere", 200, "dry_run",   "nowhere: not set up yet. Nobody was told."),
]
# fmt: on


@pytest.mark.parametrize("channel, status, outcome, said", TRIALS)
def test_a_channel_can_be_tried(
    receiver, people, change, channel, status, outcome, said
):
    change(URGENT_LADDER=ladder((0, "one", "nowhere")))
    receiver.status = status

    answer = people.responder.post(
        "/staff/alerts/channels/test/", {"channel": channel}, follow_redirects=True
    )

    assert said in words(answer.text)
    entry = Entry.objects.filter(action="test channel").latest("number")
    assert (entry.subject, entry.detail["outcome"]) == (f"channel {channel}", outcome)
    assert entry.person == people.responder.person


def test_only_channels_of_the_ladder_can_be_tried(people, change):
    change(URGENT_LADDER=ladder((0, "one")))

    answer = people.responder.post("/staff/alerts/channels/test/", {"channel": "two"})

    assert answer.status_code == 404


def test_every_view_names_its_permission():
    from frontdesk.alerts.urls import urlpatterns

    named = {each.name: each.callback.permission for each in urlpatterns}

    assert named == {
        "ladder": Permission.READ,
        "history": Permission.READ,
        "drills": Permission.READ,
        "try_channel": Permission.ANSWER,
        "start_drill": Permission.ANSWER,
    }


# --- drills --------------------------------------------------------------------------
@pytest.fixture
def no_drill_waits(gateway):
    Alert.objects.filter(is_drill=True).delete()


def test_a_drill_goes_up_the_ladder_and_tells_how_long_it_took(
    receiver, people, change, no_drill_waits
):
    change(URGENT_LADDER=ladder((0, "inbox", "one"), repeat=1))
    nurse = people.responder

    begun = nurse.post("/staff/alerts/drills/start/", follow_redirects=True)
    assert "The drill has begun" in begun.text
    again = nurse.post("/staff/alerts/drills/start/", follow_redirects=True)
    assert "The last drill still waits" in again.text
    (body,) = wait_until(lambda: receiver.bodies("one"))
    assert body.startswith("DRILL at Example Ketamine Clinic. No patient is concerned.")
    made = Drill.objects.latest("pk")
    assert "waiting for" in words(nurse.page("/staff/alerts/drills/"))

    Alert.objects.filter(pk=made.alert_id).update(
        acknowledged_at=made.alert.created_at + timedelta(seconds=83),
        acknowledged_by=nurse.person,
    )

    page = words(nurse.page("/staff/alerts/drills/"))
    assert f"acknowledged after 1 min 23 s by {nurse.name}" in page
    alert = wait_until(
        lambda: Alert.objects.filter(pk=made.alert_id).exclude(resolved_at=None).first()
    )
    assert (alert.is_drill, alert.conversation, alert.outcome) == (
        True,
        None,
        "nothing_needed",
    )
    assert alert.next_step_at is None  # a drill does not come again
    assert Entry.objects.filter(action="drill", subject=f"alert {alert.pk}").exists()


def test_a_drill_that_nobody_acknowledges_is_a_warning(people, change, no_drill_waits):
    change(URGENT_LADDER=ladder((0, "inbox"), drill_within=timedelta(minutes=10)))
    made = drill.start(people.responder.person)
    Alert.objects.filter(pk=made.alert_id).update(
        created_at=made.alert.created_at - timedelta(minutes=11)
    )

    page = words(people.viewer.page("/staff/alerts/drills/"))

    assert "is still not acknowledged." in page
    assert "Start a drill" not in page


# The clinic is in Denver: 10:30 is 16:30 UTC in summer, 17:30 in winter.
# fmt: off
CLOCK = [  # now in UTC, day that is due, missed unless it was
    ("2027-07-01 16:29", None,         False),
    ("2027-07-01 16:30", "2027-07-01", False),
    ("2027-07-01 17:29", "2027-07-01", False),
    ("2027-07-01 17:30", None,         True),
    ("2027-07-02 05:59", None,         True),   # still the 1st in Denver
    ("2027-07-02 06:00", None,         False),
    ("2027-01-01 17:29", None,         False),
    ("2027-01-01 17:30", "2027-01-01", False),
]
# fmt: on


@pytest.mark.parametrize("now, day, missed", CLOCK)
def test_when_the_daily_drill_is_due(gateway, change, now, day, missed):
    from datetime import time

    change(URGENT_LADDER=ladder((0, "inbox"), drill_at=time(10, 30)))
    moment = datetime.fromisoformat(f"{now}+00:00")

    due = drill.due_day(moment)

    assert (due and due.isoformat()) == day
    assert drill.is_missed(moment) is missed


def test_there_is_one_daily_drill_a_day(gateway, change, no_drill_waits):
    from datetime import time

    change(URGENT_LADDER=ladder((0, "inbox"), drill_at=time(10, 30)))
    moment = datetime(2027, 7, 5, 17, tzinfo=UTC)

    for _ in range(3):
        asyncio.run(drill.look_after(moment))

    made = Drill.objects.get(day="2027-07-05")
    entry = Entry.objects.get(action="drill", subject=f"alert {made.alert_id}")
    assert (entry.actor, entry.person) == ("daily drill", None)
    assert not drill.is_missed(moment + timedelta(hours=2))


def test_the_command_reports_the_time(gateway, change, capsys, no_drill_waits):
    change(URGENT_LADDER=ladder((0, "inbox"), drill_within=timedelta(minutes=10)))

    def acknowledge():
        made = wait_until(lambda: Drill.objects.order_by("-pk").first())
        wait_until(lambda: made.alert.attempts.exists())
        now = made.alert.created_at + timedelta(minutes=2, seconds=5)
        Alert.objects.filter(pk=made.alert_id).update(acknowledged_at=now)
        connection.close()

    thread = threading.Thread(target=acknowledge)
    thread.start()
    call_command("drill")
    thread.join()

    said = capsys.readouterr().out
    assert "step 1, inbox: Shown in the queue" in said
    assert "Acknowledged after 2 min 5 s." in said


def test_the_command_fails_if_nobody_comes(gateway, change, no_drill_waits):
    change(URGENT_LADDER=ladder((0, "inbox"), drill_within=timedelta(seconds=1)))

    with pytest.raises(CommandError, match="Nobody has acknowledged"):
        call_command("drill")


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3725, "1 h 2 min"),
        (180000, "2 days 2 h"),
    ],
)
def test_a_length_of_time_in_words(seconds, said):
    assert duration(timedelta(seconds=seconds)) == said
