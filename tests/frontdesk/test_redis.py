"""Two gateway processes and a real Redis between them: streams, shared limits."""

import time
import uuid

import httpx
import pytest

from tests.frontdesk.gateway_for_tests import FAQ, Patient, wait_until
from tests.frontdesk.test_processes import GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def gateways(redis_url, tmp_path_factory, fake_rasa_server):
    home = tmp_path_factory.mktemp("home")
    port = fake_rasa_server.port
    both = [GatewayProcess(home, port, REDIS_URL=redis_url) for _ in range(2)]
    both[0].manage("migrate", "--verbosity", "0")
    for gateway in both:
        gateway.start()
    yield both
    for gateway in both:
        gateway.stop()


def test_stream_of_one_gateway_has_what_the_other_was_told(gateways, rasa):
    here, there = gateways
    patient = Patient(here.url)
    elsewhere = httpx.Client(base_url=there.url, headers=patient.headers, timeout=20)
    with patient.stream() as events:
        wait_until(lambda: len(events.ids) == len(patient.greeting))
        rasa.say(FAQ, delay=1.0)
        began = time.monotonic()
        said = {"client_id": uuid.uuid4().hex, "text": "how much is it?"}
        assert elsewhere.post("/chat/messages", json=said).status_code == 200
        texts = wait_until(
            lambda: (
                [e["data"]["text"] for e in events.seen if "id" in e][-1:]
                == [FAQ["text"]]
            )
        )
        took = time.monotonic() - began
        wait_until(lambda: any(state["state"] == "typing" for state in events.states))

    assert texts
    # Without Redis it would come with the next heartbeat, after up to 15 seconds.
    assert took < 8
    assert events.ids == list(range(1, len(events.ids) + 1))


def test_rates_are_counted_for_both_together(gateways, rasa):
    patient = Patient(gateways[0].url)
    clients = [
        httpx.Client(base_url=gateway.url, headers=patient.headers, timeout=20)
        for gateway in gateways
    ]
    statuses = []
    for number in range(24):
        said = {"client_id": uuid.uuid4().hex, "text": f"message {number}"}
        answer = clients[number % 2].post("/chat/messages", json=said)
        statuses.append(answer.status_code)

    assert statuses == [200] * 20 + [429] * 4
