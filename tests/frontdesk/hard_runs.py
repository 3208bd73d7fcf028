"""What the long runs share: processes that are killed, settings, tables of figures."""

import json
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.assistant import Assistant, StartError
from deploy.settings import load_settings
from retraining.train import newest_model
from tests.frontdesk.gateway_for_tests import ENVIRONMENT, wait_until
from tests.frontdesk.test_processes import GatewayProcess
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
# A line for each of thousands of requests hides what a failure has to say.
logging.getLogger("httpx").setLevel("WARNING")


def size(name, default):
    """How much to do: ``make`` sets the variable, a run of all tests does little."""
    return int(os.environ.get(name) or default)


class PatientGateway(GatewayProcess):
    """A gateway that sets no limits, on SQLite, with the real detector."""

    application = "tests.frontdesk.gateway_without_limits:application"

    def __init__(self, home, rasa_port, **environment):
        own = {"DATABASE_URL": "", "REDIS_URL": "", "TRUSTED_PROXIES": ""}
        super().__init__(home, rasa_port, **{**own, **environment})
        self.database = home / "frontdesk.sqlite3"
        self.manage("migrate", "--verbosity", "0")


class RestartedGateway(PatientGateway):
    """Killed often: while one serves, the next is loaded (``spare_gateway``).

    It serves, and takes up what the killed one left, after the kill alone.
    """

    def __init__(self, home, rasa_port):
        super().__init__(home, rasa_port)
        self._spare = None

    def start(self):
        self.process = self._spare or self._load()
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        wait_until(self._answers, 90)
        self._spare = self._load()
        return self

    def stop(self):
        self._spare.kill()
        self._spare.wait()
        super().stop()

    def _load(self):
        command = [sys.executable, "-m", "tests.frontdesk.spare_gateway"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, str(self.port)],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )


class FakeRasaProcess:
    """``fake_rasa.py``, on one port also after a restart."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    def start(self):
        script = Path(__file__).with_name("fake_rasa.py")
        command = [sys.executable, str(script), str(self.port)]
        # It complains of every connection that a killed gateway leaves.
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_until(self._listens, 20)
        return self

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    stop = kill


class RealRasa:
    """The assistant with the newest model; its Rasa server can be killed."""

    def __init__(self, home):
        if newest_model() is None:
            pytest.fail("There is no trained model in models/: run 'make train' first.")
        ports = random.Random(time.time_ns()).sample(range(30000, 32000), 3)
        names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
        environ = dict(zip(names, map(str, ports), strict=True))
        self.token = ENVIRONMENT["RASA_AUTH_TOKEN"]
        environ |= {"CLINIC_HOME": str(home), "RASA_AUTH_TOKEN": self.token}
        settings = load_settings(environ)
        self.port, self.url = settings.rasa_port, settings.rasa_url
        self.log = settings.logs / "rasa.log"
        self._assistant = Assistant(
            settings, say=lambda line: None, train_command=["true"]
        )
        self._is_up = False

    def start(self):
        try:
            if self._is_up:
                self._assistant.children[0].start()
                self._assistant.wait_until_ready()
            else:
                self._assistant.start()
                self._is_up = True
        except StartError as error:
            pytest.fail(str(error))
        return self

    def kill(self):
        process = self._assistant.children[0].process
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self):
        self._assistant.stop()


def percentile(values, part):
    """The value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)] if ordered else 0.0


def report(name, rows):
    """Prints a table (``pytest -s`` shows it) and writes ``results/<name>.json``."""
    heads = list(rows[0])
    table = [heads, *[[str(row[head]) for head in heads] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print()
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)))  # noqa: B905
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
