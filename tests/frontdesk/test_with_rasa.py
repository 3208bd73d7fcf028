"""The gateway with the real assistant and the real detector, as patients have it."""

import random
import time

import pytest

from deploy.assistant import Assistant, StartError
from deploy.settings import load_settings
from retraining.train import newest_model
from tests.frontdesk.gateway_for_tests import ENVIRONMENT, Patient, wait_until
from tests.frontdesk.test_processes import GatewayProcess

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A gateway process and a real assistant behind it."""
    if newest_model() is None:
        pytest.fail("There is no trained model in models/: run 'make train' first.")
    home = tmp_path_factory.mktemp("home")
    ports = random.Random(time.time_ns()).sample(range(30000, 32000), 3)
    names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
    environ = dict(zip(names, map(str, ports), strict=True))
    token = ENVIRONMENT["RASA_AUTH_TOKEN"]
    settings = load_settings(
        environ | {"CLINIC_HOME": str(home), "RASA_AUTH_TOKEN": token}
    )
    assistant = Assistant(settings, say=lambda line: None, train_command=["true"])
    gateway = GatewayProcess(home, settings.rasa_port)
    try:
        assistant.start()
        gateway.manage("migrate", "--verbosity", "0")
        gateway.start()
    except StartError as error:
        pytest.fail(str(error))
    yield gateway
    gateway.stop()
    assistant.stop()


@pytest.fixture
def patient(real):
    return Patient(real.url)


def test_patient_has_a_conversation(patient):
    with patient.stream() as events:
        patient.say("how much does one infusion cost?")
        (first, *_) = patient.replies(seconds=30)
        known = len(patient.replies())
        patient.say("can i take it with lithium?")
        last = patient.replies(known + 1, seconds=30)[known]
        wait_until(lambda: last["id"] in events.ids)

    assert (first["route"], first["topic"]) == ("faq", "cost")
    assert first["draft"] and first["sources"]
    assert (last["route"], last["handoff"]) == ("medical", "interactions")


def test_crisis_is_answered_at_once_and_remembered(patient):
    answer = patient.say("i want to kill myself").json()

    assert {reply["route"] for reply in answer["replies"]} == {"crisis"}
    urgent = len(answer["replies"])
    patient.say("thanks")
    later = patient.replies(urgent + 1, seconds=30)[urgent:]
    wait_until(lambda: "988" in " ".join(m["text"] for m in patient.replies()[urgent:]))
    assert later[0]["route"] == "small_talk"


def test_idiom_is_no_alarm(patient):
    answer = patient.say("my commute is killing me").json()

    assert all(reply["route"] != "crisis" for reply in answer["replies"])
    replies = patient.replies(seconds=30)
    assert {reply["route"] for reply in replies} & {"crisis", "emergency"} == set()


def test_button_of_the_greeting_is_answered(patient):
    button = patient.greeting[-1]["buttons"][0]
    patient.post("/chat/messages", {"client_id": "b", "button": button["id"]})

    (reply, *_) = patient.replies(seconds=30)

    assert reply["route"] == "faq"


def test_rest_door_holds_a_conversation(patient):
    body = {"sender": patient.token, "message": "what are the side effects?"}

    answer = patient.http.post("/chat/rest", json=body).json()

    assert answer[0]["custom"]["topic"] == "side_effects"
