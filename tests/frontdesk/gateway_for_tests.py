"""A gateway with a Rasa that does as it is told: real HTTP, real SQLite.

Django is set up on import; its database is a temporary file.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

HOME = Path(tempfile.mkdtemp(prefix="frontdesk-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "frontdesk.settings",
    "CLINIC_HOME": str(HOME),
    "FRONTDESK_SECRET_KEY": "a-secret-key-for-tests-alone-0123456789",
    "FRONTDESK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "RASA_AUTH_TOKEN": "a-token-for-tests-alone",
}
# For a run on PostgreSQL: an address such as postgres://user@127.0.0.1/name.
OTHER_DATABASE = os.environ.get("TEST_DATABASE_URL", "")
if OTHER_DATABASE:
    ENVIRONMENT["DATABASE_URL"] = OTHER_DATABASE
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "TRUSTED_PROXIES", "RASA_PORT", "CLINIC_FILE")


def _set_up_django():
    """The settings read the environment once; other tests keep theirs."""
    before = dict(os.environ)
    for name in NOT_OURS:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    try:
        import django

        django.setup()
        from django.urls import get_resolver

        get_resolver().url_patterns  # noqa: B018 - imports every view
    finally:
        os.environ.clear()
        os.environ.update(before)


_set_up_django()

from safety.danger_detector import Verdict  # noqa: E402
from tests.ports import free_port  # noqa: E402

FAQ = {
    "text": "It costs what it costs.",
    "buttons": [{"id": "b-1", "title": "More"}],
    "route": "faq",
    "topic": "cost",
    "check_in": False,
    "suggestions": [],
    "handoff": None,
    "sources": ["F-COST-01"],
    "reviewed": None,
    "draft": True,
    "response": "utter_test_cost",
    "version": "abc",
}
HAND_OFF = FAQ | {
    "text": "We pass this on.",
    "route": "medical",
    "topic": "dosing",
    "handoff": "dosing",
    "response": "utter_handoff_dosing",
}
CRISIS = FAQ | {
    "text": "Call or text 988. In danger call 911.",
    "route": "crisis",
    "topic": "self_harm",
    "response": "utter_crisis_self_harm",
}
PARSE = {
    "intent": "ask_cost",
    "confidence": 0.9,
    "entities": [],
    "ranking": [],
    "safety": {"level": "none"},
}


DATABASE = HOME / "frontdesk.sqlite3"
CERTAIN = "i want to kill myself"
SUSPECTED = "i could end it all"
OVERDOSE = "i took all the pills"


class FakeDetector:
    """Knows three sentences; the real one has tests of its own."""

    def detect(self, text):
        if CERTAIN in text:
            return Verdict("alarm", "crisis", "self_harm", "certain")
        if OVERDOSE in text:
            return Verdict("alarm", "emergency", "overdose", "model")
        if SUSPECTED in text:
            return Verdict("alarm", "crisis", "self_harm", "phrase", ("p-1",))
        return Verdict()


@contextmanager
def locked_database():
    """Nobody can write while the block runs."""
    if OTHER_DATABASE:
        import psycopg2

        connection = psycopg2.connect(OTHER_DATABASE)
        connection.cursor().execute("LOCK TABLE chat_conversation, chat_alert")
    else:
        connection = sqlite3.connect(DATABASE, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


class FakeRasa:
    """Answers as the test says, and notes what it was asked."""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.reset()

    def reset(self):
        self.messages, self.delay, self.status, self.body = [FAQ], 0.0, 200, None
        self.asked, self.forgotten = [], []

    def say(self, *messages, delay=0.0, status=200, body=None):
        self.messages, self.delay = list(messages), delay
        self.status, self.body = status, body

    def asked_by(self, patient):
        """What it was asked in one conversation; other tests may still be at it."""
        mine = str(patient.id)
        return [
            {name: asked[name] for name in ("text", "button") if name in asked}
            for asked in self.asked
            if asked["conversation"] == mine
        ]

    def vectors(self, patient):
        """The sentence vectors that came with each message."""
        mine = str(patient.id)
        heard = [asked for asked in self.asked if asked["conversation"] == mine]
        return [asked.get("vectors") for asked in heard]

    def texts(self, patient):
        return [asked.get("text") for asked in self.asked_by(patient)]

    def _handler(fake):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                fake.asked.append(json.loads(self.rfile.read(length)))
                messages, status, given = fake.messages, fake.status, fake.body
                time.sleep(fake.delay)
                answer = {"messages": messages, "parse": PARSE, "model": "m-1"}
                self._answer(status, json.dumps(answer) if given is None else given)

            def do_DELETE(self):
                fake.forgotten.append(self.path.rsplit("/", 1)[-1])
                self._answer(fake.status, '{"erased": true}')

            def do_GET(self):
                self._answer(fake.status, '{"status": "ok"}')

            def _answer(self, status, body):
                content = body.encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        return Handler


def wait_until(question, seconds=5.0):
    """The first answer that is true."""
    until = time.monotonic() + seconds
    while True:
        found = question()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError("waited in vain")
        time.sleep(0.02)


class Events:
    """Reads server-sent events in a thread."""

    def __init__(self, url, headers):
        self.seen, self.comments, self.is_over = [], 0, False
        self.status = None
        self._client = httpx.Client(timeout=None, verify=False)
        self._headers = headers
        self._url = url
        self._response = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_until(lambda: self.status is not None or self.is_over)

    def _read(self):
        try:
            with self._client.stream("GET", self._url, headers=self._headers) as answer:
                self._response = answer
                self.status = answer.status_code
                event = {}
                for line in answer.iter_lines():
                    if not line:
                        if "data" in event:
                            event["data"] = json.loads(event["data"])
                            self.seen.append(event)
                        event = {}
                    elif line.startswith(":"):
                        self.comments += 1
                    else:
                        name, _, value = line.partition(": ")
                        event[name] = value
        except (httpx.HTTPError, OSError, ValueError):
            pass
        finally:
            self.is_over = True

    @property
    def ids(self):
        return [int(event["id"]) for event in self.seen if "id" in event]

    @property
    def states(self):
        return [e["data"] for e in self.seen if e.get("event") == "state"]

    def close(self):
        # A close alone waits for the thread that reads.
        if self._response is not None:
            stream = self._response.extensions["network_stream"]
            with suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()


class Patient:
    """One session, as a widget has it."""

    def __init__(self, url):
        self.url = url
        # Without certificates, which take 20 ms to read.
        self.http = httpx.Client(base_url=url, timeout=20, verify=False)
        version = self.http.get("/chat/config").json()["consent"]["version"]
        opened = self.http.post("/chat/sessions", json={"consent_version": version})
        assert opened.status_code == 201, opened.text
        self.token = opened.json()["token"]
        self.id = uuid.UUID(opened.json()["conversation"])
        self.greeting = opened.json()["greeting"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def post(self, path, body, **options):
        return self.http.post(path, json=body, headers=self.headers, **options)

    def say(self, text, client_id=None, **options):
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text}
        return self.post("/chat/messages", body, **options)

    def messages(self, after=0):
        answer = self.http.get(
            "/chat/messages", params={"after": after}, headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    def replies(self, count=1, seconds=8.0):
        """The bot's messages behind the greeting, as soon as there are so many."""

        def enough():
            found = [
                message
                for message in self.messages(self.greeting[-1]["id"])
                if message["author"] == "bot"
            ]
            return found if len(found) >= count else None

        return wait_until(enough, seconds)

    @contextmanager
    def stream(self, last_id=None):
        headers = dict(self.headers)
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        events = Events(f"{self.url}/chat/stream", headers)
        try:
            yield events
        finally:
            events.close()


class Gateway:
    """The ASGI application under uvicorn, in a thread of this process."""

    def __init__(self):
        import uvicorn

        from frontdesk.asgi import application

        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(
            uvicorn.Config(
                application,
                port=self.port,
                ws="none",
                http="httptools",
                log_level="warning",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        self.loop = None
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self):
        self.thread.start()
        wait_until(lambda: self.server.started, 60)

    def stop(self):
        self.server.should_exit = True
        self.thread.join(15)

    def patient(self):
        return Patient(self.url)


def staff_member(name):
    """A person of the clinic."""
    from frontdesk.staff.models import Person

    found = Person.objects.filter(name=name, email__endswith="@staff.example").first()
    email = f"{uuid.uuid4().hex}@staff.example"
    return found or Person.objects.create_user(email, name=name, role="responder")


@cache
def fake_rasa():
    """The one fake Rasa of this process."""
    return FakeRasa()


@cache
def running_gateway():
    """The one gateway of this process: tests of patients and of staff share it."""
    from django.conf import settings
    from django.core.management import call_command

    from frontdesk.chat import danger

    call_command("migrate", verbosity=0)
    settings.RASA_URL = fake_rasa().url
    settings.RECOVERY_SECONDS = 0.3
    settings.RETENTION_SECONDS = 0.3
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 100_000)
    # A slow hash is what a password needs and a hundred sign-ins of tests don't.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False
    danger.detector = FakeDetector
    started = Gateway()
    started.start()
    return started
