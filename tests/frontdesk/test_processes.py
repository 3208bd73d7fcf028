"""Gateways as processes of their own: killed, two at once, without a database."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest

from tests.frontdesk.gateway_for_tests import (
    CERTAIN,
    ENVIRONMENT,
    FAQ,
    Patient,
    wait_until,
)
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]


class GatewayProcess:
    """uvicorn as ``deploy`` starts it."""

    application = "frontdesk.asgi:application"

    def __init__(self, home, rasa_port, **environment):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            **ENVIRONMENT,
            "CLINIC_HOME": str(home),
            "RASA_PORT": str(rasa_port),
            **environment,
        }
        self.log = home / f"{self.port}.log"
        self.process = None

    def manage(self, *command):
        run = [sys.executable, "-m", "frontdesk", *command]
        subprocess.run(run, env=self.environment, cwd=ROOT, check=True)

    def start(self):
        command = [sys.executable, "-m", "uvicorn", self.application]
        command += ["--port", str(self.port), "--ws", "none", "--no-access-log"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        wait_until(self._answers, 90)
        return self

    def _answers(self):
        try:
            # Without certificates, which take 20 ms to read.
            answer = httpx.get(f"{self.url}/chat/config", verify=False)
            return answer.status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture
def start(tmp_path, rasa):
    started = []

    def one(**environment):
        gateway = GatewayProcess(tmp_path, rasa.port, **environment)
        if not started and "DATABASE_URL" not in environment:
            gateway.manage("migrate", "--verbosity", "0")
        started.append(gateway.start())
        return gateway

    yield one
    for gateway in started:
        gateway.stop()


def test_message_outlives_a_killed_gateway(start, rasa):
    rasa.say(FAQ, delay=3)
    gateway = start()
    patient = Patient(gateway.url)
    accepted = patient.say("how much is it?").json()
    wait_until(lambda: rasa.texts(patient))
    gateway.kill()
    rasa.say(FAQ)

    gateway.start()
    (reply,) = patient.replies(seconds=5)  # well before the dead one's lease runs out

    assert reply["id"] == accepted["message"]["id"] + 1
    time.sleep(1)
    assert len(patient.replies()) == 1


def test_two_gateways_on_one_database_answer_once(start, rasa):
    first, second = start(), start()
    patient = Patient(first.url)
    other = httpx.Client(base_url=second.url, headers=patient.headers, timeout=20)
    for number in range(20):
        body = {"client_id": uuid.uuid4().hex, "text": f"message {number}"}
        clients = (patient.http, other) if number % 2 else (other, patient.http)
        for client in clients:  # the same message at both doors
            answer = client.post("/chat/messages", json=body, headers=patient.headers)
            assert answer.status_code == 200

    patient.replies(20, seconds=60)
    time.sleep(1)

    messages = patient.messages(patient.greeting[-1]["id"])
    assert [m["author"] for m in messages].count("bot") == 20
    assert [m["id"] for m in patient.messages()] == list(
        range(1, len(patient.messages()) + 1)
    )
    assert sorted(rasa.texts(patient)) == sorted(f"message {n}" for n in range(20))


def test_without_any_database_the_urgent_text_still_goes_out(start, tmp_path):
    nowhere = f"postgres://nobody:nothing@127.0.0.1:{free_port()}/none"
    gateway = start(DATABASE_URL=nowhere)

    times, answers = [], []
    for _ in range(20):
        began = time.monotonic()
        answers.append(
            httpx.post(
                f"{gateway.url}/chat/messages",
                json={"client_id": uuid.uuid4().hex, "text": CERTAIN},
                headers={"Authorization": "Bearer whatever"},
            )
        )
        times.append(time.monotonic() - began)

    assert {answer.status_code for answer in answers} == {503}
    assert all("988" in json.dumps(a.json()["error"]["urgent"]) for a in answers)
    assert all(int(answer.headers["Retry-After"]) for answer in answers)
    assert sorted(times)[10] < 0.3
    # In one file or, being tried, in the other.
    lines = wait_until(
        lambda: [
            line
            for file in (tmp_path / "spool").glob("*.jsonl")
            for line in file.read_text().splitlines()
        ]
    )
    assert CERTAIN not in "".join(lines)
    assert CERTAIN not in gateway.log.read_text()
