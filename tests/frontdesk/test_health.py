"""Health, readiness and metrics: for the operator alone, and without patient data."""

import time

import httpx
import pytest
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from frontdesk.chat import danger, database, health, spool
from frontdesk.chat.models import Alert
from frontdesk.chat.texts import texts

from tests.frontdesk.gateway_for_tests import ENVIRONMENT, wait_until  # isort: skip

PAGES = ("/healthz", "/readyz", "/metrics")
TOKEN = {"Authorization": f"Bearer {ENVIRONMENT['RASA_AUTH_TOKEN']}"}
FROM_OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
CRISIS = "i want to kill myself tonight"


@pytest.fixture
def get(gateway, rasa):
    def _get(path, **headers):
        return httpx.get(gateway.url + path, headers=headers)

    return _get


def parts(get):
    return get("/readyz").json()["parts"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_for_this_machine_or_the_token(get, page):
    assert get(page).status_code == 200
    assert get(page, **FROM_OUTSIDE, **TOKEN).status_code == 200
    refused = get(page, **FROM_OUTSIDE)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "unauthorized"
    assert "database" not in refused.text
    assert get(page, **FROM_OUTSIDE, Authorization="Bearer x").status_code == 401


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_only_read_and_never_kept(get, gateway, page):
    assert httpx.post(gateway.url + page).status_code == 405
    assert get(page).headers["Cache-Control"] == "no-store"


def test_alive_whatever_else_is_down(get, rasa, monkeypatch):
    rasa.say(status=503)
    monkeypatch.setattr(health.database, "read", _database_down)
    assert get("/healthz").json() == {"status": "ok"}


async def _database_down(*arguments):
    raise database.DatabaseDownError("OperationalError")


def test_ready_names_every_part(get):
    answer = get("/readyz").json()
    assert set(answer["parts"]) == {
        "database",
        "assistant",
        "danger_detector",
        "spool",
        "drafts",
    }
    for name in ("database", "assistant", "spool", "drafts"):
        assert answer["parts"][name] == "ok"


def test_a_database_that_is_down_is_named(get, monkeypatch):
    monkeypatch.setattr(health.database, "read", _database_down)
    answer = get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert "down (OperationalError)" in answer.json()["parts"]["database"]


def test_a_database_of_an_older_shape_is_named(get, monkeypatch):
    class Executor:
        def __init__(self, connection):
            self.loader = self.graph = self

        def leaf_nodes(self):
            return []

        def migration_plan(self, nodes):
            return ["0003_something"]

    monkeypatch.setattr(health, "_shapes_seen", set())
    monkeypatch.setattr(health, "MigrationExecutor", Executor)
    assert "python -m frontdesk migrate" in parts(get)["database"]


def test_an_assistant_without_model_is_named(get, rasa):
    rasa.say(status=503)
    assert "down" in parts(get)["assistant"]


def test_a_detector_of_phrases_alone_is_named(get, monkeypatch):
    monkeypatch.setattr(danger, "detector", danger.phrases_alone)
    assert "make train" in parts(get)["danger_detector"]


def test_a_live_model_that_does_not_run_is_named_and_patients_are_served(
    get, change, tmp_path
):
    change(MODELS=tmp_path)
    assert get("/readyz").json()["degraded"] == {}
    (tmp_path / "live.json").write_text("{")
    answer = get("/readyz")
    assert "live.json: can't be read" in answer.json()["degraded"]["model"]
    parts = {**answer.json()["parts"], "danger_detector": health.OK}
    assert set(parts.values()) == {health.OK}


def test_a_spool_that_waits_or_can_not_be_written_is_named(
    get, monkeypatch, change, tmp_path
):
    monkeypatch.setattr(spool, "has_lines", lambda: True)
    assert "alerts wait" in parts(get)["spool"]
    monkeypatch.setattr(health.os, "access", lambda *arguments: False)
    change(SPOOL=tmp_path / "spool")
    assert "can't be written" in parts(get)["spool"]


def test_drafts_where_they_may_not_be_served_are_named(get, monkeypatch):
    values = texts().clinic.values
    monkeypatch.setitem(values, "serve_drafts", False)
    assert "serve_drafts is false" in parts(get)["drafts"]


def test_a_redis_that_is_down_is_named(get, change):
    assert "redis" not in parts(get)
    change(REDIS_URL="redis://:pass-word@127.0.0.1:1")
    assert parts(get)["redis"].startswith("down")
    assert "pass-word" not in get("/readyz").text


def test_a_part_that_hangs_does_not_hold_up_the_page(get, monkeypatch):

    monkeypatch.setattr(health, "SECONDS_FOR_A_PART", 0.2)
    monkeypatch.setattr(health, "_drafts", lambda: time.sleep(1))
    assert parts(get)["drafts"] == "does not answer in time"


def numbers(get):
    page = get("/metrics")
    assert page.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def test_messages_are_counted_by_route(get, patient):
    before = numbers(get)
    patient.say("how much is it?")
    patient.replies()
    after = numbers(get)

    def more(*name):
        return after[name] - before.get(name, 0)

    assert more("frontdesk_messages_total", "bot", "faq") == 1
    assert more("frontdesk_messages_total", "none", "patient") == 1
    assert more("frontdesk_answers_total", "200") >= 2


def test_urgent_answers_and_open_alerts_are_measured(get, patient):
    before = numbers(get)
    patient.say(CRISIS)
    after = numbers(get)
    count = ("frontdesk_urgent_answer_seconds_count",)
    assert after[count] == before[count] + 1
    total = ("frontdesk_urgent_answer_seconds_sum",)
    assert 0 < after[total] - before[total] < 5
    open_alerts = ("frontdesk_alerts_open",)
    # A database that was slow gets the alert a moment after the text went out.
    wait_until(lambda: numbers(get)[open_alerts] == before[open_alerts] + 1)
    assert (
        numbers(get)[open_alerts]
        == Alert.objects.filter(acknowledged_at=None, is_drill=False).count()
    )


def test_fallbacks_are_counted(get, patient, rasa):
    name = ("frontdesk_fallbacks_total",)
    before = numbers(get)[name]
    rasa.say(status=500)
    patient.say("hello")
    patient.replies()
    assert numbers(get)[name] == before + 1


def test_streams_and_waiting_messages_are_gauged(get, patient, rasa):
    rasa.say(delay=0.7, body="no JSON")
    before = numbers(get)
    with patient.stream():
        patient.say("hello")
        during = numbers(get)
        patient.replies()
    streams, waiting = ("frontdesk_streams_open",), ("frontdesk_unanswered_messages",)
    assert during[streams] == before[streams] + 1
    assert during[waiting] == before[waiting] + 1
    assert during[("frontdesk_unanswered_oldest_seconds",)] >= 0
    wait_until(lambda: numbers(get)[streams] == before[streams])
    assert numbers(get)[waiting] == before[waiting]


def test_metrics_without_the_database_say_so(get, monkeypatch):
    monkeypatch.setattr(health.metrics.database, "read", _database_down)
    assert numbers(get)[("frontdesk_database_up",)] == 0
    monkeypatch.undo()
    assert numbers(get)[("frontdesk_database_up",)] == 1


def test_nothing_of_a_patient_is_in_the_metrics(get, patient):
    patient.say("my name is Jane Doe, call 303-555-0182")
    patient.replies()
    page = get("/metrics").text
    for private in ("Jane", "0182", str(patient.id), patient.token, "127.0.0.1"):
        assert private not in page
    assert settings.SECRET_KEY not in page
