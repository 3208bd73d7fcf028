"""Rasa's command line on our base, each command for real, on the lean project.

What is seen here is the table of docs/decisions/0001-rasa-without-tensorflow.md.
"""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LEAN = Path(__file__).parent / "lean_project"
PATIENCE = 240  # seconds; the machine may be busy
ENTER = "\r"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "components.compat", *arguments]


def _environment() -> dict[str, str]:
    quiet = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "TERM": "dumb"}
    return {**os.environ, **quiet}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lean") / "project"
    shutil.copytree(LEAN, folder)
    (folder / "endpoints.yml").write_text(
        "tracker_store: {type: SQL, dialect: sqlite, db: tracker.db}\n"
    )
    _rasa(folder, "train", "--fixed-model-name", "lean")
    assert (folder / "models" / "lean.tar.gz").exists()
    return folder


def _rasa(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        _command(*arguments),
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == code, done.stdout[-3000:]
    return done.stdout


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.output = ""
        self._mark = 0
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            command = _command(*arguments)
            os.execve(command[0], command, _environment())
        # Rasa's tables divide by the width of the window.
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))

    def wait_for(self, words: str) -> str:
        """Reads until the words appear after what was waited for before."""
        end = time.monotonic() + PATIENCE
        while words not in self.output[self._mark :]:
            assert time.monotonic() < end, self.output[-3000:]
            if select.select([self._screen], [], [], 1)[0]:
                try:
                    text = os.read(self._screen, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(self.output[-3000:]) from None
                self.output += text
                # prompt_toolkit asks the terminal where the cursor is.
                if "\x1b[6n" in text:
                    os.write(self._screen, b"\x1b[1;1R")
        self._mark = self.output.index(words, self._mark) + len(words)
        return self.output

    def type(self, keys: str) -> None:
        time.sleep(0.3)
        os.write(self._screen, keys.encode())

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._screen)


@pytest.fixture
def terminal():
    opened: list[Terminal] = []

    def open_terminal(*arguments) -> Terminal:
        opened.append(Terminal(*arguments))
        return opened[-1]

    yield open_terminal
    for item in opened:
        item.close()


def _on_a_free_port() -> tuple[str, ...]:
    return ("-i", "127.0.0.1", "-p", str(free_port()))


def _post(port: int, message: str) -> list[dict]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/webhooks/rest/webhook",
        json.dumps({"sender": "someone", "message": message}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def conversation(project) -> list[list[dict]]:
    """``run`` with a REST message or two; leaves them in the SQL tracker store."""
    address = _on_a_free_port()
    port = int(address[-1])
    with (project / "run.log").open("w") as log:
        server = subprocess.Popen(
            _command("run", *address),
            cwd=project,
            env=_environment(),
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + PATIENCE
        while "up and running" not in (project / "run.log").read_text():
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.5)
        return [_post(port, text) for text in ("hello", "sign me up for the club")]
    finally:
        server.terminate()
        server.wait(30)


def test_run_answers_over_rest(conversation):
    said = [[message["text"] for message in reply] for reply in conversation]
    assert said == [["Hello from the plant shop."], ["You are a member now."]]


def test_train_refuses_a_neural_component_in_one_line(project):
    config = (project / "config.yml").read_text()
    (project / "neural.yml").write_text(
        config.replace("- name: EntitySynonymMapper", "- name: DIETClassifier")
    )
    output = _rasa(project, "train", "-c", "neural.yml", "--out", "none", code=1)
    assert "Traceback" not in output
    assert "'DIETClassifier' needs TensorFlow" in output.strip().splitlines()[-1]
    assert not (project / "none").exists()


def test_finetuning_trains_on_from_a_model(project):
    output = _rasa(project, "train", "--finetune", "--epoch-fraction", "0.5")
    assert "trained and saved" in output


def test_test_nlu_reports_and_draws(project):
    _rasa(project, "test", "nlu", "--nlu", "data/nlu.yml", "--out", "nlu_results")
    report = json.loads((project / "nlu_results" / "intent_report.json").read_text())
    assert report["accuracy"] > 0.9
    assert (project / "nlu_results" / "intent_confusion_matrix.png").exists()


def test_test_core_reports_and_draws(project):
    _rasa(project, "test", "core", "--stories", "tests", "--out", "core_results")
    report = json.loads((project / "core_results" / "story_report.json").read_text())
    assert report["conversation_accuracy"]["accuracy"] == 1.0
    assert (project / "core_results" / "story_confusion_matrix.png").exists()


def test_data_commands_work(project):
    assert "No story structure conflicts" in _rasa(project, "data", "validate")
    _rasa(project, "data", "split", "nlu", "--out", "split")
    assert (project / "split" / "test_data.yml").stat().st_size > 100
    there = ("--data", "data/nlu.yml", "-f", "json", "--out", "nlu.json")
    _rasa(project, "data", "convert", "nlu", *there)
    back = ("--data", "nlu.json", "-f", "yaml", "--out", "nlu_again.yml")
    _rasa(project, "data", "convert", "nlu", *back)
    assert "ask_hours" in (project / "nlu_again.yml").read_text()


def test_markers_are_found_in_the_tracker_store(project, conversation):
    _rasa(project, "evaluate", "markers", "all", "--config", "markers.yml", "found.csv")
    assert "someone" in (project / "found.csv").read_text()


def test_export_asks_for_a_broker_that_it_knows(project, conversation):
    output = _rasa(project, "export", code=1)
    assert "Could not find an `event_broker` section" in output


def test_visualize_draws_the_stories(project):
    _rasa(project, "visualize", "--out", "stories.html")
    assert "utter_price" in (project / "stories.html").read_text()


def test_x_and_telemetry_answer_as_ever(project, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # telemetry writes a file there
    assert "no longer supported" in _rasa(project, "x")
    assert "Disabled telemetry" in _rasa(project, "telemetry", "disable")


def test_shell_talks(project, terminal):
    shell = terminal(project, "shell", *_on_a_free_port())
    shell.wait_for("Your input ->")
    shell.type("hello" + ENTER)
    shell.wait_for("Hello from the plant shop.")
    shell.wait_for("Your input ->")
    shell.type("sign me up for the club" + ENTER)
    shell.wait_for("You are a member now.")


def test_shell_nlu_shows_the_intent(project, terminal):
    shell = terminal(project, "shell", "nlu")
    shell.wait_for("Next message:")
    shell.type("when are you open" + ENTER)
    shell.wait_for('"name": "ask_hours"')


def test_interactive_learning_asks_about_each_step(project, terminal):
    port = ("-p", str(free_port()))  # it has no option for the address
    session = terminal(project, "interactive", "--skip-visualization", *port)
    session.wait_for("Your input ->")
    session.type("hello" + ENTER)
    for question in ("'hello'", "'utter_greet'", "'action_listen'"):
        session.wait_for(question)
        session.wait_for("correct?")
        session.type("y" + ENTER)
    session.wait_for("Your input ->")
