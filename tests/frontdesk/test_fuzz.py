"""Odd requests: never a 5xx, never another's conversation, the right content type.

``make fuzz`` sends 5000 requests built by hand and many by schemathesis, from the API
document; a run of all tests some 400. The server is a process of its own.
"""

import http.client
import json
import random
import socket
import sqlite3
from collections import Counter

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.frontdesk.gateway_for_tests import FakeRasa, Patient
from tests.frontdesk.hard_runs import PatientGateway, report, size
from tests.frontdesk.progress import progress

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

SHORT = 250
REQUESTS = size("FUZZ_REQUESTS", SHORT)
IS_LONG = REQUESTS > SHORT
EXAMPLES = 120 if IS_LONG else 15  # of schemathesis, for each call
SEED = size("FUZZ_SEED", 5)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    gateway = PatientGateway(tmp_path_factory.mktemp("fuzz"), FakeRasa().port)
    yield gateway.start()
    gateway.stop()


class Owner:
    """A patient whose conversation nobody else may see or change."""

    def __init__(self, gateway, name):
        self._gateway, self.secret = gateway, f"secret of {name}"
        self.renew()

    def renew(self):
        """After an erasure that was asked for."""
        self.patient = Patient(self._gateway.url)
        self.patient.say(self.secret)
        self.patient.replies()

    @property
    def bearer(self):
        return self.patient.headers["Authorization"]

    def is_in(self, content):
        return self.secret in content or str(self.patient.id) in content


@pytest.fixture(scope="module")
def witness(fuzzed):
    """Nobody has this one's token."""
    owner = Owner(fuzzed, "the witness")
    before = owner.patient.messages()
    yield owner
    assert owner.patient.messages() == before
    with sqlite3.connect(fuzzed.database) as database:
        for table in ("contact", "ticket", "alert"):
            rows = database.execute(
                f"SELECT count(*) FROM chat_{table} WHERE conversation_id = ?",
                (owner.patient.id.hex,),
            )
            assert rows.fetchone() == (0,), table


@pytest.fixture(scope="module")
def owners(fuzzed):
    return [Owner(fuzzed, "the first"), Owner(fuzzed, "the second")]


# --- from the OpenAPI document
@pytest.fixture(scope="module")
def api(fuzzed):
    return schemathesis.openapi.from_url(f"{fuzzed.url}/chat/openapi.json")


@pytest.fixture
def count_call():
    with progress("fuzz", None, "calls from the document", is_long=IS_LONG) as count:
        yield count


# The stream has no end; the requests below listen to it.
schema = schemathesis.pytest.from_fixture("api").exclude(path="/chat/stream")


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_calls_keep_to_the_document(case, fuzzed, witness, owners, count_call):
    count_call()
    first, second = owners
    answer = case.call(headers={"Authorization": first.bearer}, timeout=20)
    case.validate_response(answer, checks=CHECKS)
    assert not witness.is_in(answer.text)
    assert not second.is_in(answer.text)
    if case.method == "DELETE" and answer.status_code == 200:
        first.renew()


# --- by hand
PATHS = [
    *["/chat/messages"] * 8,
    *["/chat/rest"] * 3,
    *["/chat/sessions"] * 3,
    *["/chat/feedback"] * 2,
    *["/chat/contact"] * 2,
    *["/chat/typing"] * 2,
    *["/chat/stream"] * 3,
    *["/chat/export"] * 2,
    "/chat/session",
    "/chat/config",
    "/chat/openapi.json",
]
ODD_PATHS = [
    "/chat/",
    "/chat",
    "/chat/messages/",
    "//chat/messages",
    "/chat/../metrics",
    "/chat/%2e%2e/metrics",
    "/chat/messages%00",
    "/chat/%ff%fe",
    "/chat/messages;a=b",
    "/CHAT/messages",
    "/chat/" + "a" * 3000,
    "/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/embed",
    "/favicon.ico",
    "/admin/",
]
QUERIES = [
    "",
    "",
    "?after=1",
    "?after=-1",
    "?after=999999999999999999999",
    "?after=%00",
]
QUERIES += ["?after=a&after=2", "?after[]=1", "?" + "a=b&" * 2000, "?after=1e3", "?%"]
METHODS = ["POST"] * 10 + ["GET"] * 8 + ["DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]
METHODS += ["TRACE", "post"]
TYPES = ["application/json"] * 6 + [
    "",
    "text/plain",
    "multipart/form-data",
    "a/b;c=\xff",
]
TYPES += ["application/json; charset=utf-16", "application/x-www-form-urlencoded"]
ODD = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    1e308,
    "",
    " ",
    "\x00",
    "\ud800",
    "\u200b" * 40,
    "a" * 4001,
    "a" * 40000,
    "é" * 3999,
    "/restart",
    "/ask_cost{}",
    "'; DROP TABLE chat_message; --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "%s%n",
    "\u202e\u0007\n\t",
    "🙂" * 100,
    [],
    {},
    ["text"],
    {"text": "hello"},
    "i want to kill myself",
]


def _deep(levels):
    return b"[" * levels + b"]" * levels


class Maker:
    """Makes the bytes of one odd request after another, always the same ones."""

    def __init__(self, owners, seed):
        self.chance = random.Random(seed)
        self._owners = owners
        self._count = 0

    def make(self):
        """(method, path, the request, whose token it carries, whether it is HTTP)."""
        self._count += 1
        pick = self.chance.choice
        method, path = pick(METHODS), pick(PATHS)
        if self.chance.random() < 0.1:
            path = pick(ODD_PATHS)
        owner, token = self._token()
        body = self._body(path, owner) if method not in ("GET", "HEAD") else b""
        target = path + (pick(QUERIES) if self.chance.random() < 0.4 else "")
        lines = [f"{method} {target} HTTP/1.1", "Host: chat.example"]
        lines += self._headers(token)
        head, body, is_http = self._framed(lines, body)
        request = "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body
        return method, path, request, owner, is_http

    def _token(self):
        owner = self.chance.choice([*self._owners, None])
        if owner is not None:
            return owner, owner.bearer
        token = self._owners[0].patient.token
        return None, self.chance.choice(
            [
                None,
                "",
                "Bearer",
                "Bearer ",
                f"Basic {token}",
                f"Bearer {token[:-1]}",
                f"Bearer {token}a",
                f"Bearer {token.swapcase()}",
                "Bearer " + "a" * 5000,
                "Bearer \xff\xfe",
                "Bearer null",
                "Bearer %00",
                f"Bearer {self._owners[0].patient.id}",
            ]
        )

    def _headers(self, token):
        some = [f"Content-Type: {self.chance.choice(TYPES)}"]
        if token is not None:
            some.append(f"Authorization: {token}")
        more = [
            "Last-Event-ID: "
            + self.chance.choice(["0", "2", "-1", "²", "a", "9" * 40]),
            "X-Forwarded-For: " + self.chance.choice(["1.2.3.4", "a, b", "::1, " * 50]),
            "Origin: null",
            "Origin: https://other.example",
            "Cookie: sessionid=1; csrftoken=2",
            "Content-Encoding: gzip",
            "Accept: text/html",
            "Access-Control-Request-Method: POST",
            "X-HTTP-Method-Override: DELETE",
            "Upgrade: websocket\r\nConnection: Upgrade",
            "X-Long: " + "a" * 6000,
        ]
        return some + [line for line in more if self.chance.random() < 0.12]

    def _body(self, path, owner):
        token = owner.patient.token if owner else "nobody"
        number = self._count
        fields = {
            "/chat/messages": {"client_id": f"f-{number}", "text": f"hello {number}"},
            "/chat/rest": {"sender": token, "message": f"hello {number}"},
            "/chat/sessions": {"consent_version": "2026-11", "locale": "en"},
            "/chat/feedback": {"message": 1, "thumb": "up", "comment": "thanks"},
            "/chat/contact": {"name": "Ann", "phone": "303-555-0182"},
            "/chat/typing": {"typing": True},
        }.get(path, {"text": "hello"})
        chance = self.chance
        for name in list(fields):
            if name != "sender" and chance.random() < 0.3:
                fields[name] = chance.choice(ODD)
        if chance.random() < 0.15:
            fields.pop(chance.choice(list(fields)))
        if chance.random() < 0.15:
            more = chance.choice(["button", "page", "improve", "email", "conversation"])
            fields[more] = chance.choice([*ODD, "topic_cost"])
        text = json.dumps(fields, ensure_ascii=chance.random() < 0.5)
        body = text.encode("utf-8", "surrogatepass")
        if chance.random() < 0.8:
            return body
        return chance.choice(
            [
                b"",
                body[: len(body) // 2],
                body[::-1],
                b"\xef\xbb\xbf" + body,
                text.encode("utf-16", "surrogatepass"),
                chance.randbytes(200),
                _deep(200),
                _deep(15000),
                b'{"a":' * 5000,
                b"null",
                b"NaN",
                b'{"text": Infinity}',
                b'{"text": "a", "text": "b", "client_id": "c"}',
                b"text=hello&client_id=1",
                b"1" * 5000,
                b" " * 33000,
                b"\x1f\x8b\x08" + body,
            ]
        )

    def _framed(self, lines, body):
        """How long the body is said to be; at times not as it is."""
        chance = self.chance.random()
        if chance < 0.1:
            pieces = [body[place : place + 7000] for place in range(0, len(body), 7000)]
            sent = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces)
            return [*lines, "Transfer-Encoding: chunked"], sent + b"0\r\n\r\n", True
        if chance < 0.13:
            said = self.chance.choice(["-1", "a", "1, 2", "1" * 30])
            return [*lines, f"Content-Length: {said}"], body, False
        if chance < 0.15:
            return [*lines, "Transfer-Encoding: chunked"], b"zz\r\n" + body, False
        if chance < 0.17:
            return (
                [self.chance.choice(["", "GET", "\x00 / HTTP/9"]), *lines],
                body,
                False,
            )
        return [*lines, f"Content-Length: {len(body)}"], body, True


def send(port, method, request):
    """Status, content type and what came; nothing if the server hung up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            line.sendall(request)
            # Not told of a HEAD, it waits for a body until the server hangs up.
            answer = http.client.HTTPResponse(line, method=method)
            answer.begin()
            kind = answer.getheader("Content-Type") or ""
            if kind.startswith("text/event-stream"):
                line.settimeout(0.05)
                content = _some_of(answer)
            else:
                content = answer.read()
        except (http.client.HTTPException, ConnectionError, BrokenPipeError):
            return None, "", b""
        return answer.status, kind, content


def _some_of(answer):
    """The beginning of a stream."""
    found = b""
    try:
        while len(found) < 20000:
            found += answer.read1(4000)
    except TimeoutError:
        pass
    return found


def _check(answer, method, path, is_http):
    status, kind, content = answer
    if not is_http:
        assert status is None or status < 500
        return
    assert status is not None and status < 500
    if not path.startswith("/chat/") or method in ("HEAD", "OPTIONS"):
        return
    if kind.startswith("text/event-stream"):
        assert (path, status) == ("/chat/stream", 200)
        return
    if status == 204:
        assert content == b""
        return
    if status == 400 and kind.startswith("text/plain"):
        assert content == b"Invalid HTTP request received."  # the server's own
        return
    assert kind.startswith("application/json"), (kind, content[:200])
    said = json.loads(content)
    if status >= 400:
        assert {"code", "message"} <= set(said["error"])


def _send_and_check(gateway, made, everybody):
    """The status; fails if anything came that should not."""
    method, path, request, owner, is_http = made
    answer = send(gateway.port, method, request)
    status, _, content = answer
    seen = content.decode("utf-8", "replace")
    try:
        _check(answer, method, path, is_http)
        for other in everybody:
            assert other is owner or not other.is_in(seen)
    except AssertionError as error:
        raise AssertionError((request[:1500], status, content[:500])) from error
    if (method, path, status) == ("DELETE", "/chat/session", 200):
        owner.renew()
    return status


def test_odd_requests_break_nothing(fuzzed, witness, owners):
    maker, counts = Maker(owners, SEED), Counter()
    with progress("fuzz", REQUESTS, "requests", is_long=IS_LONG) as count:
        for _ in range(REQUESTS):
            counts[_send_and_check(fuzzed, maker.make(), [witness, *owners])] += 1
            count()
    rows = [{"status": str(key), "requests": counts[key]} for key in counts]
    report("fuzz", sorted(rows, key=lambda row: row["status"]))
    assert counts[200] > REQUESTS / 20, "hardly anything was let in"
    assert fuzzed.process.poll() is None
    assert "Traceback" not in fuzzed.log.read_text()
