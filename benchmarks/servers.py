"""Starts and stops the servers that are measured, each on a port of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import yaml

from benchmarks.stock_project import ROOT, StockModel
from benchmarks.training import QUIET, BenchmarkError

PATIENCE_SECONDS = 300
LOOPBACK = "127.0.0.1"
WEBHOOK = "/webhooks/rest/webhook"


@dataclass
class Server:
    """A process that was started here."""

    process: subprocess.Popen
    port: int
    log: Path

    def stop(self) -> None:
        """Ends it, with what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def memory_mb(self) -> float:
        """Resident memory of the process and its children."""
        answer = subprocess.run(
            ["ps", "-o", "rss=", "-g", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        sizes = [int(size) for size in answer.stdout.split()]
        if not sizes:
            raise BenchmarkError(f"the server has ended; see {self.log}.")
        return sum(sizes) / 1024


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])


def post(connection: HTTPConnection, sender: str, text: str) -> list[dict]:
    """One message over REST; its replies.

    Raises:
        BenchmarkError: on any status but 200.
    """
    body = json.dumps({"sender": sender, "message": text})
    connection.request("POST", WEBHOOK, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise BenchmarkError(f"status {answer.status} for {text!r}: {content[:200]!r}")
    return json.loads(content)


def _start(command: Sequence[str], folder: Path, port: int, log: Path) -> Server:
    log.parent.mkdir(parents=True, exist_ok=True)
    # The action server listens everywhere unless told otherwise.
    own = {"RASA_AUTH_TOKEN": secrets.token_hex(16), "SANIC_HOST": LOOPBACK}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **QUIET, **own},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(process, port, log)


def start_actions(log: Path) -> Server:
    """Our action server: both assistants call the same one."""
    port = free_port()
    python = str(ROOT / ".venv" / "bin" / "python")
    command = [python, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port)]
    server = _start(command, ROOT, port, log)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
            return server
        if server.process.poll() is not None:
            break
        time.sleep(0.2)
    server.stop()
    raise BenchmarkError(f"the action server did not start; see {log}.")


def start_ours(model: Path, actions: Server, work: Path) -> tuple[Server, float]:
    """Our server with a model; seconds to its first reply."""
    text = (ROOT / "endpoints.yml").read_text(encoding="utf-8")
    endpoints = yaml.safe_load(text.replace("${ACTIONS_PORT}", str(actions.port)))
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "components.compat"]
    return _start_rasa(command, ROOT, model, endpoints, actions, work, "ours")


def start_stock(stock: StockModel, python: Path, actions: Server, work: Path) -> tuple:
    """Stock's server with its model; seconds to its first reply."""
    command = [str(python), "-m", "rasa"]
    return _start_rasa(command, stock.folder, stock.model, {}, actions, work, "stock")


def _start_rasa(
    command: list[str],
    folder: Path,
    model: Path,
    endpoints: dict,
    actions: Server,
    work: Path,
    name: str,
) -> tuple[Server, float]:
    port = free_port()
    url = f"http://{LOOPBACK}:{actions.port}/webhook"
    endpoints = {**endpoints, "action_endpoint": {"url": url}}
    file = work / f"endpoints_{name}.yml"
    file.write_text(yaml.safe_dump(endpoints), encoding="utf-8")
    arguments = ["run", "-i", LOOPBACK, "-p", str(port), "-m", str(model)]
    arguments += ["--endpoints", str(file), "--credentials", "credentials.yml"]
    started = time.monotonic()
    server = _start([*command, *arguments], folder, port, work / f"{name}.log")
    try:
        _wait_for_reply(server)
    except BaseException:
        server.stop()
        raise
    return server, time.monotonic() - started


def _wait_for_reply(server: Server) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise BenchmarkError(f"the server ended at once; see {server.log}.")
        connection = HTTPConnection(LOOPBACK, server.port, timeout=30)
        with suppress(OSError, HTTPException, BenchmarkError, ValueError):
            if post(connection, "first", "how much does it cost"):
                return
        connection.close()
        time.sleep(0.1)
    raise BenchmarkError(f"no reply in {PATIENCE_SECONDS} s; see {server.log}.")
