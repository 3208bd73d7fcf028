"""Our front desk as a process of its own, with the bench's assistant for a Rasa."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from cryptography.fernet import Fernet

from benchmarks.servers import LOOPBACK, Server, free_port
from benchmarks.stock_project import ROOT
from benchmarks.training import QUIET, BenchmarkError

PATIENCE_SECONDS = 120
# One message that nothing is made of: the first one waits for the danger detector.
FIRST_TEXT = "where can i find the front desk"


def start_gateway(rasa_port: int, home: Path, log: Path) -> Server:
    """The product's own server on a fresh database, its usual limits on.

    Args:
        rasa_port: where the assistant answers the front desk's channel.
        home: an empty folder for its state.
        log: what it prints.

    Raises:
        BenchmarkError: if it does not start; names the log.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {
        **os.environ,
        **QUIET,
        "CLINIC_HOME": str(home),
        "CLINIC_FILE": str(ROOT / "clinic.yml"),
        "FRONTDESK_SECRET_KEY": secrets.token_hex(32),
        "FRONTDESK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "RASA_AUTH_TOKEN": secrets.token_hex(16),
        "RASA_PORT": str(rasa_port),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "TRUSTED_PROXIES": "",
    }
    command = [sys.executable, "-m", "frontdesk"]
    with log.open("wb") as output:
        migrated = subprocess.run(
            [*command, "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if migrated.returncode != 0:
            raise BenchmarkError(f"the front desk has no database; see {log}.")
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def first_conversation(server: Server) -> list[str]:
    """Has one short conversation, so that everything is loaded; gives the greeting.

    Raises:
        BenchmarkError: if the chat API does not answer as it should.
    """
    try:
        version = _call(server, "GET", "config")["consent"]["version"]
        session = _call(server, "POST", "sessions", {"consent_version": version})
        message = {"client_id": uuid.uuid4().hex, "text": FIRST_TEXT}
        _call(server, "POST", "messages", message, session["token"])
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkError(f"the chat API: {error!r}; see {server.log}.") from error
    return [message["text"] for message in session["greeting"]]


def _wait(server: Server) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            _call(server, "GET", "config")
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise BenchmarkError(f"the front desk did not start; see {server.log}.")


def _call(
    server: Server,
    method: str,
    path: str,
    content: dict[str, Any] | None = None,
    token: str = "",
) -> Any:
    """One call of the chat API; raises OSError or ValueError where it fails."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"http://{LOOPBACK}:{server.port}/chat/{path}"
    body = None if content is None else json.dumps(content).encode()
    request = Request(url, data=body, headers=headers, method=method)
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)
