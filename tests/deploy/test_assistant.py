"""The supervisor, with small commands in the place of the servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing

import pytest

from deploy import assistant as assistant_module
from deploy import training
from deploy.assistant import Assistant, StartError, newest_model
from deploy.processes import Child, PortTakenError, check_port
from deploy.settings import ROOT, load_settings
from safety.live_model import hash_of
from tests.ports import free_port

# One script plays the Rasa server or the action server.
SERVER = textwrap.dedent(
    """
    import http.server, json, os, signal, sys, time

    role, port = sys.argv[1], int(sys.argv[2])
    behaviour = sys.argv[3] if len(sys.argv) > 3 else ""
    print(f"{role} says hello", flush=True)
    if behaviour == "fails":
        sys.exit("no model of this name")

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, content):
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer({"status": "ok"})

        def do_DELETE(self):
            self.answer({"erased": True})

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            message = {"text": "Hello.", "buttons": []}
            self.answer({"messages": [] if behaviour == "mute" else [message]})

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True

    Server(("127.0.0.1", port), Handler).serve_forever()
    """
)


@pytest.fixture
def settings(tmp_path):
    environ = {
        "CLINIC_HOME": str(tmp_path / "home"),
        "RASA_PORT": str(free_port()),
        "ACTIONS_PORT": str(free_port()),
    }
    return load_settings(environ, env_file=tmp_path / ".env")


class FakeAssistant(Assistant):
    """Runs the script above in the place of both servers."""

    behaviours = ("", "")

    def _commands(self, model):
        script = self.settings.home / "server.py"
        script.write_text(SERVER)
        ports = (self.settings.rasa_port, self.settings.actions_port)
        names = ("Rasa server", "action server")
        return [
            Child(
                name,
                [sys.executable, str(script), name, str(port), behaviour],
                self.settings.logs / f"{name.split()[0].lower()}.log",
                dict(os.environ),
            )
            for name, port, behaviour in zip(names, ports, self.behaviours, strict=True)
        ]


@pytest.fixture
def assistant(settings, monkeypatch, tmp_path):
    (tmp_path / "a.tar.gz").touch()
    monkeypatch.setattr(
        assistant_module, "newest_model", lambda folder: tmp_path / "a.tar.gz"
    )
    said = []
    made = FakeAssistant(settings, say=said.append, train_command=["true"])
    made.said = said
    yield made
    made.stop()


def test_it_starts_answers_and_stops(assistant, settings):
    assistant.start()
    assert all(child.is_running() for child in assistant.children)
    assert assistant.said[0].startswith("Checking whether")
    assistant.stop()
    assert not any(child.is_running() for child in assistant.children)
    check_port(settings.rasa_port, "RASA_PORT")
    check_port(settings.actions_port, "ACTIONS_PORT")


def test_logs_are_for_their_owner_only(assistant, settings):
    assistant.start()
    for log in ("rasa.log", "action.log"):
        assert (settings.logs / log).stat().st_mode & 0o077 == 0


def test_a_server_that_fails_at_the_start_is_named_with_its_last_words(assistant):
    assistant.behaviours = ("fails", "")
    with pytest.raises(StartError, match=r"(?s)Rasa server has ended.*no model of"):
        assistant.start()
    assert not any(child.is_running() for child in assistant.children)


def test_a_server_that_dies_later_is_named(assistant):
    assistant.start()
    assistant.children[1].process.kill()
    with pytest.raises(StartError, match=r"action server has ended \(exit code -9\)"):
        assistant.watch()


def test_a_mute_server_is_refused(assistant):
    assistant.behaviours = ("mute", "")
    with pytest.raises(StartError, match="no reply to a first message"):
        assistant.start()
    assert not any(child.is_running() for child in assistant.children)


def test_a_server_that_never_answers_is_given_up(assistant, monkeypatch):
    monkeypatch.setattr(assistant_module, "SECONDS_TO_START", 0)
    monkeypatch.setattr(assistant_module, "_answers", lambda url: False)
    with pytest.raises(StartError, match="not ready after"):
        assistant.start()


def test_a_failed_training_stops_the_start(settings):
    said = []
    made = Assistant(settings, say=said.append, train_command=["false"])
    with pytest.raises(StartError, match=r"training failed; .*train\.log"):
        made.start()


CHATTER = """
import sys, time
print("Epochs:  90 % of them")
print("  5 % Learning what sounds dangerous", flush=True)
time.sleep(0.4)
print(" 85 % Reading the rules", flush=True)
time.sleep(0.4)
print(" 85 % Reading the rules of thumb", flush=True)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [0, 3])
def test_a_training_is_a_few_lines_and_its_chatter_a_log(tmp_path, monkeypatch, code):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_LOOKS", 0.05)
    log, said = tmp_path / "train.log", []
    log.write_text(" 92 % Learning from the stories\nof an earlier one\n")

    command = [sys.executable, "-c", CHATTER, str(code)]
    assert training.train(command, log, dict(os.environ), said.append) == code

    assert str(log) in said[0] and "about 5 minutes" in said[0]
    shown = ["  5 % Learning what sounds dangerous", " 85 % Reading the rules"]
    assert [line[2:] for line in said[1:3]] == shown
    assert said[3:] == ["  100 % Trained"][: 1 if code == 0 else 0]
    assert "Epochs" in log.read_text() and "Epochs" not in str(said)


def test_nothing_to_train_says_nothing(tmp_path):
    said = []
    log = tmp_path / "train.log"
    assert training.train(["true"], log, dict(os.environ), said.append) == 0
    assert said == []


def test_a_stubborn_child_is_killed(tmp_path):
    command = [sys.executable, "-c", "import signal, time\n"
               "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
               "print('up', flush=True)\ntime.sleep(60)"]  # fmt: skip
    child = Child("stubborn one", command, tmp_path / "log", dict(os.environ))
    child.start()
    while child.last_lines() != ["up"]:
        time.sleep(0.05)
    child.stop(seconds=0.3)
    assert child.exit_code() == -signal.SIGKILL


def test_a_child_takes_its_own_children_with_it(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True)\ntime.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    child = Child("parent", command, tmp_path / "log", dict(os.environ))
    child.start()
    while not child.last_lines():
        time.sleep(0.05)
    grandchild = int(child.last_lines()[0])
    child.stop()
    assert gone(grandchild)


def gone(pid, seconds=5):
    """Whether a process has ended (a zombie nobody waits for has)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123
                if stream.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_large_log_is_put_aside(tmp_path):
    log = tmp_path / "rasa.log"
    log.write_bytes(b"x" * 6_000_000)
    child = Child("one", ["true"], log, dict(os.environ))
    child.start()
    child.process.wait()
    assert log.stat().st_size == 0
    assert (tmp_path / "rasa.log.1").stat().st_size == 6_000_000


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_busy_port_is_named_with_its_variable(address):
    with closing(socket.create_server((address, 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} is taken.*RASA_PORT"):
            check_port(port, "RASA_PORT")


def test_two_assistants_do_not_start_on_one_port(assistant, settings):
    assistant.start()
    second = FakeAssistant(settings, say=print, train_command=["true"])
    with pytest.raises(PortTakenError, match=r"Another assistant.*RASA_PORT"):
        second.start()
    assistant.stop()
    second.start()
    second.stop()


def test_the_newest_model_is_taken(tmp_path):
    with pytest.raises(StartError, match="make train"):
        newest_model(tmp_path)
    for number, name in enumerate(["b.tar.gz", "a.tar.gz"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (number, number))
    assert newest_model(tmp_path).name == "a.tar.gz"


def test_the_live_model_is_taken_if_it_is_whole(tmp_path):
    (tmp_path / "newer.tar.gz").write_text("trained last, never promoted")
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "model.tar.gz").write_text("a model")
    (folder / "danger_detector.npz").write_text("a detector")
    content = {"serial": 1, "model": {"id": "one", "sha256": hash_of(folder)}}
    (tmp_path / "live.json").write_text(json.dumps(content))
    assert newest_model(tmp_path) == folder / "model.tar.gz"

    (folder / "model.tar.gz").write_text("something else")
    with pytest.raises(StartError, match="retraining rollback"):
        newest_model(tmp_path)


# --- the program as a whole -----------------------------------------------------------

PROGRAM = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
import deploy.assistant as module
from pathlib import Path
import test_assistant
module.newest_model = lambda folder: Path("a.tar.gz")
test_assistant.FakeAssistant.behaviours = {behaviours!r}
made = test_assistant.FakeAssistant(
    module.load_settings(env_file=Path("/nonexistent")), train_command=["true"]
)
sys.exit(module.serve(made))
"""


def start_program(settings, behaviours=("", "")):
    here = os.fspath(ROOT / "tests" / "deploy")
    code = PROGRAM.format(root=os.fspath(ROOT), here=here, behaviours=behaviours)
    environment = settings.child_environment(with_token=True)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_line(program, words):
    for line in program.stdout:
        if words in line:
            return
    pytest.fail(f"never said {words!r}: {program.stderr.read()}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(settings, number):
    program = start_program(settings)
    wait_for_line(program, "Stop it with Ctrl-C")
    program.send_signal(number)
    output, errors = program.communicate(timeout=20)
    assert program.returncode == 0
    assert "Stopping" in output
    assert errors == ""
    check_port(settings.rasa_port, "RASA_PORT")
    check_port(settings.actions_port, "ACTIONS_PORT")


@pytest.mark.slow
def test_a_killed_program_leaves_no_server_behind(settings):
    program = start_program(settings)
    wait_for_line(program, "Stop it with Ctrl-C")
    program.kill()
    program.communicate()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            check_port(settings.rasa_port, "RASA_PORT")
            check_port(settings.actions_port, "ACTIONS_PORT")
            return
        except PortTakenError:
            time.sleep(0.1)
    pytest.fail("a server is still there")


@pytest.mark.slow
def test_a_dead_server_ends_the_program_with_code_1(settings):
    program = start_program(settings, behaviours=("", "fails"))
    _, errors = program.communicate(timeout=20)
    assert program.returncode == 1
    assert "action server has ended" in errors
    assert "Traceback" not in errors
    check_port(settings.rasa_port, "RASA_PORT")


@pytest.mark.slow
def test_a_busy_port_ends_the_program_with_one_line(settings):
    with closing(socket.create_server(("127.0.0.1", settings.rasa_port))):
        program = start_program(settings)
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 1
    assert errors.count("\n") == 1
    assert "RASA_PORT" in errors


def test_the_token_is_in_no_command_and_no_log(settings):
    commands = Assistant(settings)._commands(ROOT / "a.tar.gz")
    said = json.dumps([child.command for child in commands])
    assert settings.auth_token not in said
    assert settings.auth_token not in repr(commands)
