"""Fixtures of the widget's tests: a real assistant, a real gateway, a real browser.

Where no Chromium is found each test says so; in continuous integration it fails.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from cryptography.fernet import Fernet

from deploy.assistant import Assistant, StartError
from deploy.settings import load_settings
from retraining.train import newest_model
from tests.ports import free_ports
from tests.widget.chromium import launched_browser
from tests.widget.patient_page import PatientPage

ROOT = Path(__file__).resolve().parents[2]
OPEN_NOW = "2026-11-17T18:00:00+00:00"  # a Tuesday, 11 in the morning at the clinic
SECRETS = {
    "FRONTDESK_SECRET_KEY": "a-secret-key-for-tests-alone-0123456789",
    "FRONTDESK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "RASA_AUTH_TOKEN": "a-token-for-tests-alone",
}


class Gateway:
    """The front desk as a process of its own, on one port also after a restart."""

    def __init__(self, port, log, environment):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self.environment = {**os.environ, **environment}
        self.process = None

    def migrate(self):
        command = [sys.executable, "-m", "frontdesk", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True)

    def start(self):
        command = [sys.executable, "-m", "uvicorn", "--port", str(self.port)]
        command += ["--ws", "none", "--no-access-log", "--timeout-graceful-shutdown"]
        command += ["1", "tests.widget.gateway_with_staff:application"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        until = time.monotonic() + 90
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"The gateway did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        self.ask("clock", at=OPEN_NOW)

    def answers(self):
        try:
            return httpx.get(f"{self.url}/chat/config", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)

    def ask(self, deed, **values):
        """What staff or the clock does (``gateway_with_staff``)."""
        query = urlencode(values)
        answer = httpx.post(f"{self.url}/test/{deed}?{query}", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def ports():
    return free_ports(4)


@pytest.fixture(scope="session")
def assistant(tmp_path_factory, ports):
    """A real assistant with the newest model."""
    if newest_model() is None:
        pytest.fail("There is no trained model in models/: run 'make train' first.")
    names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
    environ = dict(zip(names, map(str, ports), strict=False))
    home = tmp_path_factory.mktemp("assistant")
    token = SECRETS["RASA_AUTH_TOKEN"]
    settings = load_settings(
        environ | {"CLINIC_HOME": str(home), "RASA_AUTH_TOKEN": token}
    )
    assistant = Assistant(settings, say=lambda line: None, train_command=["true"])
    try:
        assistant.start()
    except StartError as error:
        pytest.fail(str(error))
    yield assistant
    assistant.stop()


@pytest.fixture(scope="session")
def assistant_port(assistant):
    return assistant.settings.rasa_port


@pytest.fixture
def hold_up(assistant):
    """Has the assistant stand still for some seconds."""
    (rasa, *_) = assistant.children
    timers = []

    def hold(seconds):
        os.killpg(rasa.process.pid, signal.SIGSTOP)
        go_on = partial(os.killpg, rasa.process.pid, signal.SIGCONT)
        timers.append(threading.Timer(seconds, go_on))
        timers[-1].start()

    yield hold
    for timer in timers:
        timer.join()


@pytest.fixture(scope="session")
def website():
    """A server for pages of a clinic's website, on another origin than the chat."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            html, headers = pages.get(self.path, ("", {}))
            body = html.encode()
            self.send_response(200 if body else 404)
            for name, value in {"Content-Type": "text/html", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages = pages
    server.url = f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="session")
def real_gateway(tmp_path_factory, ports, assistant_port, website):
    home = tmp_path_factory.mktemp("gateway")
    clinic = yaml.safe_load((ROOT / "clinic.yml").read_text(encoding="utf-8"))
    clinic["website_origins"] = [website.url]
    file = home / "clinic.yml"
    file.write_text(yaml.safe_dump(clinic), encoding="utf-8")
    gateway = Gateway(
        ports[3],
        home / "gateway.log",
        {
            **SECRETS,
            "CLINIC_HOME": str(home),
            "CLINIC_FILE": str(file),
            "RASA_PORT": str(assistant_port),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        },
    )
    gateway.migrate()
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(real_gateway):
    """The gateway as each test finds it: up, open, without limits."""
    yield real_gateway
    if not real_gateway.answers():
        real_gateway.stop()
        real_gateway.start()
    real_gateway.ask("clock", at=OPEN_NOW)
    real_gateway.ask("limit")


@pytest.fixture(scope="session")
def browser():
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def new_context(browser):
    """Makes browser contexts, each with a storage of its own."""
    contexts = []

    def make(**options):
        viewport = {"width": 1180, "height": 860}
        context = browser.new_context(**{"viewport": viewport, **options})
        context.set_default_timeout(15000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def visit(new_context, gateway):
    """Opens a page with the widget as a patient does; gives a PatientPage."""
    visited = []

    def _visit(path="/", *, context=None, url=None, **options):
        context = context or new_context(**options)
        page = PatientPage(context.new_page(), gateway)
        page.goto(url or gateway.url + path)
        visited.append(page)
        return page

    yield _visit
    for page in visited:
        assert page.errors == [], "errors of the page's scripts"
        assert page.violations == [], "the page's content security policy was broken"


@pytest.fixture
def chat(visit):
    """A conversation that has begun."""
    page = visit()
    page.begin()
    return page


@pytest.fixture(scope="session")
def violations():
    """What axe finds against accessibility, in short."""
    axe = Axe()

    def find(page):
        result = axe.run(page.page, options={"resultTypes": ["violations"]}).response
        return [
            (each["id"], [node["html"][:120] for node in each["nodes"]])
            for each in result["violations"]
        ]

    return find


@pytest.fixture(scope="session")
def responses():
    """The texts of a file of ``data/responses``, by name."""

    def read(name):
        file = ROOT / "data" / "responses" / f"{name}.yml"
        found = yaml.safe_load(file.read_text(encoding="utf-8"))["responses"]
        return {
            key: [one["text"].strip() for one in value] for key, value in found.items()
        }

    return read


@pytest.fixture(scope="session")
def strings():
    """The widget's labels, read out of ``strings.js``: {key: [English, Spanish]}."""
    source = (ROOT / "widget" / "src" / "strings.js").read_text(encoding="utf-8")
    table = source.partition("export const LABELS = {")[2].partition("\n};")[0]
    found = {}
    for entry in table.split("],"):
        key, _, pair = entry.partition(": [")
        if pair:
            found[key.strip()] = json.loads(f"[{pair.strip().rstrip(',')}]")
    return found
