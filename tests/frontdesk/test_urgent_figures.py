"""How surely and how fast a person in danger is answered, with the real detector.

``make urgent`` takes every crisis and emergency message of ``tests/nlu``, prints a
table and writes ``results/urgent.json``; a run of all tests takes a sample.
"""

import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from retraining.evaluation_sets import read_messages
from safety.danger_detector import shared_detector
from tests.frontdesk.gateway_for_tests import Patient, wait_until
from tests.frontdesk.hard_runs import (
    FakeRasaProcess,
    PatientGateway,
    percentile,
    report,
    size,
)
from tests.frontdesk.progress import progress

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

ROUTES = ("crisis", "emergency")
SAMPLE = 60
SIZE = size("URGENT_MESSAGES", SAMPLE)
IS_LONG = SIZE > SAMPLE
# What is asked of all messages; a sample may have bad luck.
LEAST_RECALL = {"crisis": 0.95, "emergency": 0.93}
LEAST_OF_A_SAMPLE = 0.85
MOST_SECONDS = 0.3


@pytest.fixture(scope="module")
def messages():
    """(text, route), the same ones at each run."""
    found = [(each.text, each.route) for each in read_messages()]
    urgent = [each for each in found if each[1] in ROUTES]
    random.Random(7).shuffle(urgent)
    return urgent[:SIZE]


@pytest.fixture(scope="module")
def rows():
    """One for each situation and route, shown at the end."""
    found = []
    yield found
    if found:
        report("urgent", found)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("urgent")


@pytest.fixture(scope="module")
def gateway(home):
    """Without Rasa: it answered once, and was killed."""
    rasa = FakeRasaProcess().start()
    started = PatientGateway(home, rasa.port).start()
    patient = Patient(started.url)
    patient.say("hello")
    patient.replies()
    rasa.kill()
    yield started
    started.stop()


@pytest.fixture
def strict_gateway(gateway, home):
    """On the same database, but every message is one too many."""
    started = PatientGateway(home, gateway.environment["RASA_PORT"], TEST_LIMIT="0")
    yield started.start()
    started.stop()


class Answer:
    """What came back, and when."""

    def __init__(self, text, route, answer, seconds):
        self.text, self.route, self.seconds = text, route, seconds
        self.status, body = answer.status_code, answer.json()
        error = body.get("error", {})
        said = body.get("replies") or error.get("urgent") or []
        self.is_urgent = any(each["route"] in ROUTES for each in said)
        self.words = " ".join(
            [each["text"] for each in said] + [error.get("message", "")]
        )

    @property
    def has_numbers(self):
        return "988" in self.words and "911" in self.words


def ask(patient, text, route):
    began = time.perf_counter()
    answer = patient.say(text)
    return Answer(text, route, answer, time.perf_counter() - began)


def counted(situation, messages):
    """The messages one by one, with the progress shown."""
    name = f"urgent, {situation}"
    with progress(name, len(messages), "messages", is_long=IS_LONG) as count:
        for message in messages:
            yield message
            count()


def note(rows, situation, answers):
    """Adds the figures of a situation, and asks what is asked of every one."""
    for route in ROUTES:
        mine = [answer for answer in answers if answer.route == route]
        urgent = [answer for answer in mine if answer.is_urgent]
        slow = percentile([answer.seconds for answer in urgent], 95)
        recall = len(urgent) / len(mine)
        numbers = sum(answer.has_numbers for answer in mine)
        rows.append(
            {
                "situation": situation,
                "route": route,
                "messages": len(mine),
                "urgent text": len(urgent),
                "recall": round(recall, 4),
                "with 988 and 911": numbers,
                "p50 ms": round(1000 * percentile([a.seconds for a in urgent], 50)),
                "p95 ms": round(1000 * slow),
                "p95 ms of all": round(
                    1000 * percentile([a.seconds for a in mine], 95)
                ),
            }
        )
        enough = LEAST_RECALL[route] if IS_LONG else LEAST_OF_A_SAMPLE
        missed = [answer.text for answer in mine if not answer.is_urgent]
        assert recall >= enough, (situation, route, missed)
        assert numbers == len(mine), (situation, route)
        assert slow < MOST_SECONDS, (situation, route)


def add_fallbacks(gateway, patients, answers):
    """Where the detector is silent, the fallback comes by the stream."""
    for patient, answer in zip(patients, answers, strict=True):
        if not answer.is_urgent:
            answer.words = " ".join(reply["text"] for reply in patient.replies())


@contextmanager
def opened(gateway):
    connection = sqlite3.connect(gateway.database, timeout=20, isolation_level=None)
    yield connection
    connection.close()


@contextmanager
def locked(gateway):
    with opened(gateway) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def alarms(text, route):
    return shared_detector().detect(text).level == "alarm"


def count_alerts(gateway):
    with opened(gateway) as database:
        return database.execute("SELECT count(*) FROM chat_alert").fetchone()[0]


def alerts_of(gateway, patient, seconds=5):
    """How many alerts of refused messages staff has; at least one."""

    def count():
        with opened(gateway) as database:
            return database.execute(
                "SELECT count(*) FROM chat_alert WHERE origin = 'refused' "
                "AND conversation_id = ?",
                (patient.id.hex,),
            ).fetchone()[0]

    return wait_until(count, seconds)


def test_with_rasa_killed(gateway, messages, rows):
    patients, answers = [], []
    for message in counted("Rasa killed", messages):
        patients.append(Patient(gateway.url))
        answers.append(ask(patients[-1], *message))
    add_fallbacks(gateway, patients, answers)

    # On a machine with too much to do the text goes out before all is stored.
    in_time = [answer.status == 200 for answer in answers]
    assert all(a.status == 200 or (a.status == 503 and a.is_urgent) for a in answers)
    assert sum(in_time) >= 0.9 * len(answers)
    urgent = sum(answer.is_urgent for answer in answers)
    wait_until(lambda: count_alerts(gateway) == urgent, 20)
    note(rows, "Rasa killed", answers)


def test_with_the_database_locked(gateway, messages, rows):
    patient = Patient(gateway.url)
    with locked(gateway):
        # What the detector does not see waits for the database, in vain: at the end.
        rest = [message for message in messages if not alarms(*message)]
        first = [message for message in messages if alarms(*message)]
        answers = [ask(patient, *each) for each in counted("database locked", first)]
        with ThreadPoolExecutor(16) as threads:
            answers += threads.map(lambda message: ask(patient, *message), rest)

    assert {answer.status for answer in answers} == {503}
    assert alerts_of(gateway, patient, seconds=20)
    note(rows, "database locked", answers)


def test_with_an_expired_token(gateway, messages, rows):
    patient = Patient(gateway.url)
    with opened(gateway) as database:
        database.execute(
            "UPDATE chat_conversation SET expires_at = '2020-01-01' WHERE id = ?",
            (patient.id.hex,),
        )
    answers = [ask(patient, *each) for each in counted("token expired", messages)]

    assert {answer.status for answer in answers} == {401}
    assert alerts_of(gateway, patient)
    note(rows, "token expired", answers)


def test_over_the_rate_limit(strict_gateway, messages, rows):
    patient = Patient(strict_gateway.url)
    answers = [ask(patient, *each) for each in counted("over the rate limit", messages)]

    assert {answer.status for answer in answers} == {429}
    assert alerts_of(strict_gateway, patient)
    note(rows, "over the rate limit", answers)
