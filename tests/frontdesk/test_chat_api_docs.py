"""The clients of docs/chat_api.md, run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontdesk.gateway_for_tests import FAQ

PAGE = Path(__file__).resolve().parents[2] / "docs" / "chat_api.md"
ADDRESS = "http://localhost:8000"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)  # fmt: skip # noqa: E501


def _run(program, gateway):
    assert ADDRESS in program
    ours = program.replace(ADDRESS, gateway.url)
    command = [sys.executable, "-W", "ignore", "-c", ours]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_page_shows_two_programs():
    assert len(PROGRAMS) == 2
    assert len(PROGRAMS[0].strip().splitlines()) - 2 <= 10  # but the import


@pytest.mark.parametrize("program", PROGRAMS, ids=["stream", "rest"])
def test_client_of_the_page_holds_a_conversation(program, gateway, rasa):
    done = _run(program, gateway)

    assert done.returncode == 0, done.stderr
    assert FAQ["text"] in done.stdout


def test_rest_client_gets_a_reply_for_each_message(gateway, rasa):
    done = _run(PROGRAMS[1], gateway)

    assert done.stdout.count(FAQ["text"]) == 2
    assert FAQ["buttons"][0]["id"] in done.stdout
