"""The gateway with the real assistant and the real detector, as patients have it."""

import httpx
import pytest

from tests.frontdesk.gateway_for_tests import Patient, wait_until
from tests.frontdesk.hard_runs import RealRasa
from tests.frontdesk.test_processes import GatewayProcess

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def real_rasa(home):
    started = RealRasa(home).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def real(home, real_rasa):
    """A gateway process and a real assistant behind it."""
    gateway = GatewayProcess(home, real_rasa.port)
    gateway.manage("migrate", "--verbosity", "0")
    yield gateway.start()
    gateway.stop()


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


def test_rasa_forgets_an_erased_conversation_without_complaint(patient, real_rasa):
    def events():
        address = f"{real_rasa.url}/conversations/{patient.id}/tracker"
        answer = httpx.get(address, params={"token": real_rasa.token}, verify=False)
        return [each for each in answer.json()["events"] if each["event"] == "user"]

    patient.say("how much does one infusion cost?")
    patient.replies(seconds=30)
    assert len(events()) == 1

    answer = patient.http.delete("/chat/session", headers=patient.headers)

    assert answer.status_code == 200
    wait_until(lambda: not events())
    assert "not consumed" not in real_rasa.log.read_text(encoding="utf-8")
