"""The front desk as a process, and all of the product: small programs for servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from contextlib import closing

import pytest

from clinic.profile import ClinicFileError
from deploy import front_desk as front_desk_module
from deploy.assistant import StartError
from deploy.front_desk import FrontDesk
from deploy.processes import Child, PortTakenError, check_port
from deploy.settings import ROOT, load_settings
from tests.ports import free_port

# Plays the front desk: answers /readyz with the parts it is given.
SERVER = textwrap.dedent(
    """
    import http.server, json, os, sys

    port, behaviour = int(sys.argv[1]), json.loads(sys.argv[2])
    print("front desk says hello", flush=True)
    if behaviour == "fails":
        sys.exit("no such database")
    parts = behaviour
    ready = all(words == "ok" for words in parts.values())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"ready": ready, "parts": parts}).encode()
            known = self.headers["Authorization"] == "Bearer " + os.environ["TOKEN"]
            self.send_response((200 if ready else 503) if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if known else b"x" * len(body))

        def log_message(self, *args):
            pass

    http.server.ThreadingHTTPServer.allow_reuse_address = True
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    """
)
READY = {"database": "ok", "assistant": "ok"}


@pytest.fixture
def settings(tmp_path):
    names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
    ports = {name: str(free_port()) for name in names}
    environ = {"CLINIC_HOME": str(tmp_path / "home"), **ports}
    return load_settings(environ, env_file=tmp_path / ".env")


class FakeFrontDesk(FrontDesk):
    """Runs the script above; its database needs no migration."""

    behaviour: object = READY
    migration = "import sys; print('migrated')"
    first = "http://localhost/staff/account/invitation/abc/"

    def _server(self):
        arguments = [str(self.settings.port), json.dumps(self.behaviour)]
        return Child(
            "front desk",
            [sys.executable, "-c", SERVER, *arguments],
            self.log,
            {**os.environ, "TOKEN": self.settings.auth_token},
        )

    def _first_invitation(self):
        return [sys.executable, "-c", f"print({self.first!r})"]

    def _migration(self):
        command = [sys.executable, "-c", self.migration]
        return Child("migration", command, self.log, dict(os.environ))


@pytest.fixture
def front_desk(settings):
    said = []
    made = FakeFrontDesk(settings, say=said.append)
    made.said = said
    yield made
    made.stop()


def start(front_desk, **options):
    front_desk.launch()
    front_desk.wait_until_ready(**options)


def test_it_migrates_starts_answers_and_stops(front_desk, settings):
    start(front_desk)
    assert front_desk.parts() == READY
    log = front_desk.log.read_text()
    assert log.index("migrated") < log.index("says hello")
    assert front_desk.log.stat().st_mode & 0o077 == 0
    front_desk.stop()
    check_port(settings.port, "PORT")
    front_desk.stop()


def test_the_part_that_is_not_ready_is_named(front_desk, monkeypatch):
    monkeypatch.setattr(front_desk_module, "SECONDS_TO_START", 0.5)
    front_desk.behaviour = READY | {"database": "down (OperationalError)"}
    with pytest.raises(StartError, match=r"not ready.*database: down"):
        start(front_desk)
    assert not front_desk.children[0].is_running()


def test_alone_it_starts_without_the_assistant_but_with_nothing_else_missing(
    front_desk, monkeypatch
):
    monkeypatch.setattr(front_desk_module, "SECONDS_TO_START", 0.5)
    front_desk.behaviour = READY | {"assistant": "down"}
    start(front_desk, alone=True)
    front_desk.stop()
    front_desk.behaviour = {"assistant": "down", "spool": "can't be written"}
    with pytest.raises(StartError, match="spool"):
        start(front_desk, alone=True)


def test_a_server_that_fails_is_named_with_its_last_words(front_desk):
    front_desk.behaviour = "fails"
    with pytest.raises(StartError, match=r"(?s)front desk has ended.*no such database"):
        start(front_desk)


def test_a_failed_migration_stops_the_start(front_desk):
    front_desk.migration = "raise SystemExit('no such role')"
    with pytest.raises(StartError, match=r"(?s)Is DATABASE_URL right.*no such role"):
        front_desk.launch()
    assert front_desk.children == []


def test_a_migration_that_hangs_is_given_up(front_desk, monkeypatch):
    monkeypatch.setattr(front_desk_module, "SECONDS_TO_MIGRATE", 0.3)
    front_desk.migration = "import time; time.sleep(60)"
    with pytest.raises(StartError, match="does another program hold it"):
        front_desk.launch()


def test_a_busy_port_is_refused_before_anything_is_started(front_desk, settings):
    with (
        closing(socket.create_server(("127.0.0.1", settings.port))),
        pytest.raises(PortTakenError, match=rf"Port {settings.port} is taken.*PORT="),
    ):
        front_desk.launch()
    assert not front_desk.log.exists()


def test_two_front_desks_do_not_start_on_one_port(front_desk, settings):
    start(front_desk)
    with pytest.raises(PortTakenError, match=r"Another front desk.*set PORT"):
        FakeFrontDesk(settings, say=print).launch()


def test_a_broken_clinic_file_is_refused_first(front_desk, tmp_path):
    file = tmp_path / "clinic.yml"
    file.write_text("name: [")
    environ = {"CLINIC_HOME": str(tmp_path / "home"), "CLINIC_FILE": str(file)}
    settings = load_settings(environ, env_file=tmp_path / ".env")
    with pytest.raises(ClinicFileError, match="not valid YAML"):
        FakeFrontDesk(settings, say=print).launch()


def test_the_real_server_is_on_loopback_and_its_secrets_are_not_to_be_seen(settings):
    server = FrontDesk(settings)._server()
    command = " ".join(server.command)
    assert f"frontdesk serve --host 127.0.0.1 --port {settings.port}" in command
    for secret in (settings.auth_token, settings.secret_key, settings.encryption_keys):
        assert secret not in command
        assert secret in server.environment.values()


# --- the programs as a whole ----------------------------------------------------------

RUN = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
import deploy.assistant, deploy.run as run
import test_assistant, test_front_desk
deploy.assistant.newest_model = lambda folder: Path("a.tar.gz")
run.load_settings = lambda: deploy.settings.load_settings(env_file=Path("/nonexistent"))
run.FrontDesk = test_front_desk.FakeFrontDesk
run.Assistant = lambda settings, say: test_assistant.FakeAssistant(
    settings, say=say, train_command=["true"]
)
sys.exit(run.main())
"""


def make_run(settings):
    here = os.fspath(ROOT / "tests" / "deploy")
    environment = settings.front_desk_environment()
    return subprocess.Popen(
        [sys.executable, "-c", RUN.format(root=os.fspath(ROOT), here=here)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(program, words):
    lines = []
    for line in program.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"never said {words!r}: {''.join(lines)} {program.stderr.read()}")


def process_of(port):
    found = subprocess.run(
        ["pgrep", "-f", f"front desk says hello.* {port} "],
        capture_output=True,
        text=True,
    )
    return [int(line) for line in found.stdout.split()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_shows_the_page_and_ctrl_c_stops_everything(settings, number):
    program = make_run(settings)
    shown = read_until(program, "Stop it with Ctrl-C")
    assert f"demo clinic page  http://localhost:{settings.port}\n" in shown
    assert f"staff pages       http://localhost:{settings.port}/staff/\n" in shown
    assert f"    {FakeFrontDesk.first}\n" in shown
    for port in (settings.port, settings.rasa_port, settings.actions_port):
        with pytest.raises(PortTakenError):
            check_port(port, "PORT")
    program.send_signal(number)
    output, errors = program.communicate(timeout=30)
    assert (program.returncode, errors) == (0, "")
    assert "Stopping" in output
    for port in (settings.port, settings.rasa_port, settings.actions_port):
        check_port(port, "PORT")


@pytest.mark.slow
def test_run_starts_a_part_that_died_again(settings):
    program = make_run(settings)
    try:
        read_until(program, "Stop it with Ctrl-C")
        (before,) = process_of(settings.port)
        os.kill(before, signal.SIGKILL)
        read_until(program, "The front desk has ended (exit code -9)")
        until = time.monotonic() + 20
        while process_of(settings.port) in ([], [before]):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert _answers_again(settings, until)
    finally:
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=30)


def _answers_again(settings, until):
    request = urllib.request.Request(
        f"{settings.front_desk_url}/readyz",
        headers={"Authorization": f"Bearer {settings.auth_token}"},
    )
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            time.sleep(0.1)
    return False


@pytest.mark.slow
def test_run_on_a_busy_port_ends_with_one_line_before_anything_starts(settings):
    with closing(socket.create_server(("127.0.0.1", settings.port))):
        program = make_run(settings)
        output, errors = program.communicate(timeout=30)
    assert program.returncode == 1
    assert errors.startswith(f"Port {settings.port} is taken")
    assert output == ""


@pytest.mark.slow
def test_the_real_front_desk_makes_a_first_link_while_there_is_nobody(settings):
    front_desk = FrontDesk(settings, say=lambda line: None)
    front_desk._migrate()
    begin = f"http://localhost:{settings.port}/staff/account/invitation/"
    front_desk._ask_for_first_link()
    shown = front_desk.staff_addresses()
    assert "no staff account yet" in shown and begin in shown
    assert begin not in front_desk.log.read_text()
