"""The server as a process of its own: stops at once, though streams are open."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from django.conf import settings

from tests.frontdesk.gateway_for_tests import (  # isort: skip
    ENVIRONMENT,
    FakeRasa,
    Patient,
    wait_until,
)
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def serve(tmp_path):
    """Starts a front desk; its log is at the end of the list."""
    started = []

    def _serve(port, **more):
        environment = {
            **os.environ,
            **ENVIRONMENT,
            "CLINIC_HOME": str(tmp_path),
            **more,
        }
        command = [sys.executable, "-m", "frontdesk"]
        options = {"cwd": settings.ROOT, "env": environment, "text": True}
        subprocess.run([*command, "migrate", "-v0"], check=True, **options)
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )
        started.append(process)
        return process

    yield _serve
    for process in started:
        process.kill()
        process.wait()


def answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def test_it_stops_at_once_and_the_patients_client_comes_back(serve):
    port, rasa = free_port(), FakeRasa()
    process = serve(port, RASA_PORT=str(rasa.port))
    wait_until(lambda: answers(port), 60)
    patient = Patient(f"http://127.0.0.1:{port}")
    with patient.stream() as events:
        wait_until(lambda: events.seen)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        log, _ = process.communicate(timeout=20)

        assert time.monotonic() - began < 3
        wait_until(lambda: events.is_over)
    # Not told that the chat is closed: it is not.
    assert events.states == []
    assert "Traceback" not in log
    assert patient.token not in log

    again = serve(port, RASA_PORT=str(rasa.port))
    wait_until(lambda: answers(port), 60)
    patient.say("are you there?")
    assert patient.replies()
    again.terminate()


def test_a_start_that_fails_says_so_and_ends(serve, tmp_path):
    port = free_port()
    first = serve(port)
    wait_until(lambda: answers(port), 60)
    second = serve(port)
    log, _ = second.communicate(timeout=60)
    assert second.returncode != 0
    assert "address already in use" in log
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    log, _ = first.communicate(timeout=20)
    assert "Traceback" not in log
