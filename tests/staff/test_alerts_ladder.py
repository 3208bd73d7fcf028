"""Who is told and when: ``urgent_alerts`` of clinic.yml, and what its names stand for."""

# ruff: noqa: E501  (tables read better in one line each)

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml

# Sets Django up, so before anything of the front desk.
import tests.frontdesk.gateway_for_tests  # noqa: F401  # isort: skip

from clinic.profile import ClinicFileError, clinic_file
from frontdesk.alerts import channels
from frontdesk.alerts.ladder import Ladder, leaves_the_house, read_ladder

FILE = Path("clinic.yml")
CREATED = datetime(2027, 3, 1, 12, tzinfo=UTC)


def read(text):
    return read_ladder(yaml.safe_load(text), FILE)


def minutes(*numbers):
    return [timedelta(minutes=number) for number in numbers]


def test_a_ladder_is_read():
    ladder = read(
        'steps: [{after_minutes: 0, notify: [inbox]}, {after_minutes: 1.5, notify: ["sms:on_call", "email:a@b.example"]}]\n'
        'repeat_minutes: 20\ndrill_at: "10:30"\ndrill_minutes: 3'
    )

    assert [step.after for step in ladder.steps] == minutes(0, 1.5)
    assert ladder.steps[1].channels == ("sms:on_call", "email:a@b.example")
    assert ladder.outside == ("sms:on_call", "email:a@b.example")
    assert [ladder.repeat, ladder.drill_within] == minutes(20, 3)
    assert ladder.drill_at == time(10, 30)


def test_without_a_ladder_the_queue_is_all_there_is():
    ladder = read_ladder(None, FILE)

    assert ladder.steps[0].channels == ("inbox",)
    assert ladder.outside == ()


def test_the_example_clinic_has_one_and_no_drill_by_the_clock():
    block = yaml.safe_load(clinic_file().read_text(encoding="utf-8"))["urgent_alerts"]

    ladder = read_ladder(block, FILE)

    assert len(ladder.steps) == 3
    assert ladder.drill_at is None


STEP = "steps: [{after_minutes: 0, notify: [inbox]}]"
# fmt: off
WRONG = [
    ("[]",                                                        "urgent_alerts: write steps"),
    ("steps: []",                                                 "steps: write one step a line"),
    ("step: []",                                                  "step: is not known"),
    ("steps: [inbox]",                                            "steps: 1: write -"),
    ("steps: [{notify: [inbox]}]",                                "steps: 1: after_minutes: 'None' is no number"),
    ("steps: [{after_minutes: true, notify: [inbox]}]",           "'True' is no number"),
    ("steps: [{after_minutes: -1, notify: [inbox]}]",             "write 0 to 1440"),
    ("steps: [{after_minutes: .nan, notify: [inbox]}]",           "write 0 to 1440"),
    ("steps: [{after_minutes: 0}]",                               "steps: 1: notify: write a list"),
    ("steps: [{after_minutes: 0, notify: inbox}]",                "notify: write a list"),
    ("steps: [{after_minutes: 0, notify: [Nurse]}]",              "'Nurse' is no channel"),
    ("steps: [{after_minutes: 0, notify: ['email:']}]",           "'email:' is no channel"),
    ("steps: [{after_minutes: 0, notify: [{email: a}]}]",         "is no channel"),
    ("steps: [{after_minutes: 0, notify: ['json://u:p@h']}]",     "no addresses with passwords here"),
    ("steps: [{after_minutes: 0, notify: [inbox], who: me}]",     "steps: 1: who: is not known"),
    ("steps: [{after_minutes: 2, notify: [inbox]}, {after_minutes: 2, notify: [inbox]}]", "steps: 2: after_minutes: each step comes later"),
    (f"{STEP}\nrepeat_minutes: 0.1",                              "repeat_minutes: write 1 or more"),
    (f"{STEP}\nrepeat_minutes: often",                            "repeat_minutes: 'often' is no number"),
    (f"{STEP}\ndrill_at: 10:30",                                  "drill_at: '630': write \"10:30\", in quotes"),
    (f"{STEP}\ndrill_minutes: 0",                                 "drill_minutes: write how many"),
]
# fmt: on


@pytest.mark.parametrize("text, words", WRONG)
def test_what_is_wrong_is_named_with_file_key_and_what_to_do(text, words):
    with pytest.raises(ClinicFileError) as error:
        read(text)

    assert str(error.value).startswith("clinic.yml: urgent_alerts: ")
    assert words in str(error.value)
    assert "u:p@h" not in str(error.value) or "passwords" in words


LADDER = read(
    "steps: [{after_minutes: 0, notify: [inbox]}, {after_minutes: 2, notify: [a]}, {after_minutes: 5, notify: [b]}]\nrepeat_minutes: 15"
)
NO_REPEAT = read(f"{STEP}\nrepeat_minutes: 0")
# fmt: off
DUE = [  # ladder, step, minutes since the alert, minutes after the alert at which it is due
    (LADDER,     0,    0,    0),
    (LADDER,     1,    0,    2),
    (LADDER,     1,   90,   90),  # nobody looked in time: now
    (LADDER,     2,    2,    5),
    (LADDER,     3,    5,   20),  # the last one again
    (LADDER,     9,  300,  315),
    (LADDER,    90, 1430, None),  # a day is over
    (NO_REPEAT,  1,    0, None),
]
# fmt: on


@pytest.mark.parametrize("ladder, number, since, due", DUE)
def test_when_a_step_is_due(ladder, number, since, due):
    now = CREATED + timedelta(minutes=since)

    expected = None if due is None else CREATED + timedelta(minutes=due)
    assert ladder.due(number, CREATED, now) == expected


def test_behind_the_last_step_comes_the_last_step():
    assert [LADDER.step(n).channels for n in (1, 2, 7)] == [("a",), ("b",), ("b",)]


def test_only_the_inbox_stays_in_the_house():
    names = ("inbox", "inbox:a@b.example", "email:a@b.example", "pager", "inboxes")
    assert [leaves_the_house(name) for name in names] == [
        False,
        False,
        True,
        True,
        True,
    ]


# fmt: off
REACH = [  # channel, variables, real, dry run, words of the problem
    ("pager",              {},                                                      False, True,  ""),
    ("pager",              {"ALERT_CHANNEL_PAGER": "json://h/key"},                 True,  False, ""),
    ("pager",              {"ALERT_CHANNEL_PAGER": ""},                             False, True,  ""),
    ("sms:on_call",        {"ALERT_CHANNEL_SMS_ON_CALL": "json://h/key"},           True,  False, ""),
    ("sms:on_call",        {"ALERT_CHANNEL_SMS": "json://h/{to}"},                  True,  False, ""),
    ("sms:on_call",        {"ALERT_CHANNEL_SMS": "json://h/key"},                   False, False, "ALERT_CHANNEL_SMS: write {to}"),
    ("email:a.b@c.example", {"ALERT_CHANNEL_EMAIL_A_B_C_EXAMPLE": "json://h"},      True,  False, ""),
    ("pager",              {"ALERT_CHANNEL_PAGER": "nonsense://user:secret@host"},  False, False, "no address that Apprise understands"),
    ("pager",              {"ALERT_CHANNEL_PAGER": "twilio://only"},                False, False, "no address that Apprise understands"),
]
# fmt: on


@pytest.mark.parametrize("channel, known, real, dry, words", REACH)
def test_what_a_channel_reaches(change, channel, known, real, dry, words):
    change(ALERT_CHANNELS=known)

    reach = channels.reach_of(channel)

    assert (reach.is_real, reach.is_dry_run) == (real, dry)
    assert words in reach.problem
    assert "secret" not in reach.problem


def test_the_one_who_is_reached_goes_into_the_address(change):
    change(ALERT_CHANNELS={"ALERT_CHANNEL_EMAIL": "json://h/{to}?x=y"})

    (made,) = channels.service("email:a+b@c.example")

    assert made.fullpath == "/a+b@c.example"


def test_nobody_is_reached_unless_a_channel_is_real(change):
    ladder = read("steps: [{after_minutes: 0, notify: [inbox, one, two]}]")
    change(URGENT_LADDER=Ladder(), ALERT_CHANNELS={"ALERT_CHANNEL_ONE": "json://h"})
    assert channels.nobody_would_be_reached()

    change(URGENT_LADDER=ladder)
    assert not channels.nobody_would_be_reached()

    change(ALERT_CHANNELS={"ALERT_CHANNEL_ONE": "nonsense://h"})
    assert channels.nobody_would_be_reached()


def test_apprise_logs_nothing_that_could_hold_a_password(change, caplog, capfd):
    change(ALERT_CHANNELS={"ALERT_CHANNEL_ONE": "nonsense://user:secret@host"})

    channels.reach_of("one")

    assert "secret" not in caplog.text + "".join(capfd.readouterr())
