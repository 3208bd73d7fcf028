"""The channels on Rasa's real Sanic app, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from contextlib import asynccontextmanager, closing
from types import SimpleNamespace

import pytest

from components import compat

compat.install()

from rasa.core import run as rasa_run  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.tracker_store import InMemoryTrackerStore, SQLTrackerStore  # noqa: E402
from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import UserUttered  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402
from rasa.shared.exceptions import RasaException  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402
from sanic import Sanic  # noqa: E402

from clinic.buttons import HUMAN_INTENT, button_id  # noqa: E402
from components.channel_requests import clean_text, plain_text  # noqa: E402
from components.channels import FrontDeskInput, PlainRestInput  # noqa: E402
from components.tracker_erasure import (  # noqa: E402
    ErasureNotPossibleError,
    erase_tracker,
)
from safety.encoder import SentenceEncoder, shared_encoder  # noqa: E402
from safety.vector_exchange import encoded_texts, packed  # noqa: E402

TOKEN = "a-token-for-tests-only"
REST = "/webhooks/rest/webhook"
DESK = "/webhooks/frontdesk/message"

CONFIG = """
recipe: default.v1
assistant_id: tiny
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: LogisticRegressionClassifier
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
DOMAIN = """
version: "3.1"
intents: [greet, ask_cost, goodbye, admin_human]
entities: [treatment]
slots:
  treatment:
    type: text
    mappings:
    - {type: from_entity, entity: treatment}
responses:
  utter_greet:
  - text: "Hello there."
  utter_cost:
  - text: "First bubble.\\n\\nSecond bubble."
    buttons:
    - {title: Talk to a person, payload: BUTTON}
    metadata: {route: faq, topic: cost, draft: true, sources: [F-COST-01],
               response: utter_cost, version: abc, reviewed: ""}
  utter_human:
  - text: "We get a person."
    metadata: {route: admin, topic: human, handoff: human}
  utter_goodbye:
  - text: "Goodbye."
    metadata: {route: small_talk}
actions: [action_hand_off]
"""
NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
    - good morning
- intent: ask_cost
  examples: |
    - what does it cost
    - price please
    - how much is it
- intent: goodbye
  examples: |
    - bye
    - see you later
    - farewell
- intent: admin_human
  examples: |
    - a person please
    - i want a human
    - talk to staff
"""
RULES = """
version: "3.1"
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: answer a cost question
  steps: [{intent: ask_cost}, {action: utter_cost}]
- rule: get a person
  steps: [{intent: admin_human}, {action: utter_human}]
- rule: say goodbye, then act
  steps: [{intent: goodbye}, {action: utter_goodbye}, {action: action_hand_off}]
"""


# --- the server -----------------------------------------------------------------------


class StubAgent:
    """An agent without a model: says one line, or fails on request."""

    def __init__(self, *, ready=True, before=None, after=None, broken_store=False):
        self.ready = ready
        self.before = before
        self.after = after
        self.model_id = "stub-model"
        self.seen = []
        self.says = [{"text": "One.\n\nTwo."}]
        self.tracker_store = self
        self.broken_store = broken_store
        self.lock_store = SimpleNamespace(lock=self._lock)

    @asynccontextmanager
    async def _lock(self, conversation):
        yield

    def is_ready(self):
        return self.ready

    async def handle_message(self, message):
        self.seen.append(message)
        if self.before:
            raise self.before
        for said in self.says:
            await message.output_channel.send_response(message.sender_id, dict(said))
        if self.after:
            raise self.after

    async def retrieve(self, sender):
        if self.broken_store:
            raise OSError("the disk is full of my private words")
        last = self.seen[-1]
        parse_data = last.parse_data or {"intent": {"name": "greet", "confidence": 0.5}}
        event = UserUttered(last.text, parse_data=parse_data)
        event.message_id = last.message_id
        return SimpleNamespace(events=[event])


class Server:
    """Rasa's app on a free port, in a thread of its own."""

    def __init__(self, app):
        self.app = app
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            self.port = probe.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        assert self.started.wait(30)

    def _serve(self):
        asyncio.set_event_loop(self.loop)

        async def start():
            server = await self.app.create_server(
                "127.0.0.1", self.port, return_asyncio_server=True
            )
            await server.startup()
            self.started.set()

        self.loop.run_until_complete(start())
        self.loop.run_forever()

    def call(self, path, body=None, *, token=None, method=None, headers=None):
        """Status and decoded answer; the body is sent as it is if it is bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        data = data.encode() if isinstance(data, str) else data
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, _decode(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _decode(error.read())


def _decode(raw):
    text = raw.decode()
    assert "Traceback" not in text
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.fixture(scope="module")
def server():
    Sanic.test_mode = True
    app = rasa_run.configure_app(
        [PlainRestInput(), FrontDeskInput(TOKEN)],
        auth_token=TOKEN,
        enable_api=True,
        use_uvloop=False,
    )
    running = Server(app)
    yield running
    running.loop.call_soon_threadsafe(running.loop.stop)


@pytest.fixture
def agent(server):
    server.app.ctx.agent = StubAgent()
    return server.app.ctx.agent


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    from rasa import train

    folder = tmp_path_factory.mktemp("tiny")
    for name, content in {
        "config.yml": CONFIG,
        "domain.yml": DOMAIN.replace("BUTTON", button_id(HUMAN_INTENT)),
        "data/nlu.yml": NLU,
        "data/rules.yml": RULES,
    }.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # Rasa's training cache lies in the current folder.
        result = train(
            domain="domain.yml",
            config="config.yml",
            training_files="data",
            output="models",
        )
    return folder / result.model


@pytest.fixture
def assistant(server, tiny_model):
    server.app.ctx.agent = Agent.load(tiny_model)
    return server.app.ctx.agent


def conversation():
    return uuid.uuid4().hex


# --- hostile input --------------------------------------------------------------------

# fmt: off
BAD_REST_BODIES = [
    # body                                                       status
    (b"",                                                        400),
    (b"{",                                                       400),
    (b"\xff\xfe",                                                400),
    (b"[" * 30_000,                                              400),
    (b'{"sender": "a", "message": NaN}',                         400),
    ([],                                                         400),
    ("text",                                                     400),
    (None,                                                       400),
    ({},                                                         422),
    ({"sender": "a"},                                            422),
    ({"message": "hello"},                                       422),
    ({"sender": "a", "message": None},                           422),
    ({"sender": "a", "message": 5},                              422),
    ({"sender": "a", "message": ["hello"]},                      422),
    ({"sender": "a", "message": {"text": "hello"}},              422),
    ({"sender": "a", "message": ""},                             422),
    ({"sender": "a", "message": " \n\t "},                       422),
    ({"sender": "a", "message": "\u200b\u202e\x00"},             422),
    ({"sender": "", "message": "hello"},                         422),
    ({"sender": "  ", "message": "hello"},                       422),
    ({"sender": 7, "message": "hello"},                          422),
    ({"sender": "a\x00b", "message": "hello"},                   422),
    ({"sender": "a\u202eb", "message": "hello"},                 422),
    ({"sender": "x" * 256, "message": "hello"},                  422),
    ({"sender": "a", "message": "hello", "metadata": "x"},       422),
    ({"sender": "a", "message": "hello", "metadata": {"a": []}}, 422),
    ({"sender": "a", "message": "hello", "input_channel": 3},    422),
    ({"sender": "a", "message": "x" * 4001},                     413),
    ({"sender": "a", "message": "x" * 70_000},                   413),
    (b"x" * 3_000_000,                                           413),
]
# fmt: on
CODES = {400: "malformed", 413: "too_long", 422: "invalid_field"}


@pytest.mark.parametrize(
    ("body", "status"), BAD_REST_BODIES, ids=lambda value: repr(value)[:40]
)
@pytest.mark.parametrize("query", ["", "?stream=true"])
def test_rest_refuses_a_bad_body(server, agent, body, status, query):
    body = b"null" if body is None else body
    answered, content = server.call(REST + query, body, method="POST")
    assert answered == status
    assert content["error"]["code"] == CODES[status]
    assert content["error"]["message"]
    assert agent.seen == []


# fmt: off
BAD_DESK_BODIES = [
    (b"{",                                                        400),
    ([],                                                          400),
    ({},                                                          422),
    ({"conversation": "a"},                                       422),
    ({"text": "hello"},                                           422),
    ({"conversation": 4, "text": "hello"},                        422),
    ({"conversation": "a", "text": 4},                            422),
    ({"conversation": "a", "text": "\u200b"},                     422),
    ({"conversation": "a", "button": "b-unknown"},                422),
    ({"conversation": "a", "button": 4},                          422),
    ({"conversation": "a", "button": ""},                         422),
    ({"conversation": "a", "text": "x", "button": "b-unknown"},   422),
    ({"conversation": "a", "text": "x" * 4001},                   413),
    ({"conversation": "a", "text": "x" * 70_000},                 413),
]
# fmt: on


@pytest.mark.parametrize(
    ("body", "status"), BAD_DESK_BODIES, ids=lambda value: repr(value)[:40]
)
def test_frontdesk_refuses_a_bad_body(server, agent, body, status):
    answered, content = server.call(DESK, body, token=TOKEN, method="POST")
    assert answered == status
    assert content["error"]["code"] == CODES[status]
    assert agent.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer \xe9\xe8"},
    ],
)
def test_frontdesk_refuses_a_wrong_token(server, agent, headers):
    body = {"conversation": "a", "text": "hello"}
    status, content = server.call(DESK, body, headers=headers)
    assert (status, content["error"]["code"]) == (401, "unauthorized")
    erase = "/webhooks/frontdesk/conversation/a"
    status, _ = server.call(erase, method="DELETE", headers=headers)
    assert status == 401
    assert agent.seen == []


def test_frontdesk_takes_no_token_from_the_address(server, agent):
    body = {"conversation": "a", "text": "hello"}
    assert server.call(f"{DESK}?token={TOKEN}", body)[0] == 401


def test_errors_of_the_address_are_clean(server, agent):
    assert server.call(REST, method="GET")[0] == 405
    assert server.call("/webhooks/frontdesk/nothing", method="GET")[0] == 404


# --- what reaches Rasa ----------------------------------------------------------------

# fmt: off
CLEANED = [
    ("hello",                              "hello"),
    ("  hello\r\nyou  ",                   "hello\nyou"),
    ("he\u200bl\u200dlo\ufeff",            "hello"),
    ("\u202eolleh\u202c",                  "olleh"),
    ("a\x00b\x07c\x1b[31md",               "abc[31md"),
    ("one\u2028two",                       "one\ntwo"),
    ("lone \ud83d surrogate",              "lone  surrogate"),
    ("caf\u00e9 \U0001f600",               "caf\u00e9 \U0001f600"),
]
SLASHES = [
    ("/restart",                           "restart"),
    (" /restart",                          "restart"),
    ("\u200b/restart",                     "restart"),
    ("\u00a0/restart",                     "restart"),
    ("//restart",                          "restart"),
    ("/ /restart",                         "restart"),
    ("/\u200b/restart",                    "restart"),
    ("/greet{\"treatment\": \"iv\"}",      "greet{\"treatment\": \"iv\"}"),
    ("/",                                  "\u2215"),
    ("and/or",                             "and/or"),
]
# fmt: on


@pytest.mark.parametrize(("given", "kept"), CLEANED)
def test_clean_text_removes_what_is_invisible(given, kept):
    assert clean_text(given) == kept


@pytest.mark.parametrize(("given", "kept"), [*CLEANED, *SLASHES])
def test_plain_text_never_begins_with_a_slash(given, kept):
    assert plain_text(given) == kept


@pytest.mark.parametrize(("given", "kept"), [*CLEANED, *SLASHES])
def test_channels_hand_on_plain_text(server, agent, given, kept):
    server.call(REST, {"sender": "a", "message": given})
    server.call(DESK, {"conversation": "a", "text": given}, token=TOKEN)
    assert [message.text for message in agent.seen] == [kept, kept]
    assert [message.parse_data for message in agent.seen] == [None, None]


def test_rest_keeps_sender_channel_and_flat_metadata(server, agent):
    metadata = {"page": "/prices", "number": 3}
    server.call(REST, {"sender": "someone", "message": "hello", "metadata": metadata})
    (message,) = agent.seen
    assert message.sender_id == "someone"
    assert message.input_channel == "rest"
    assert message.metadata == metadata


def test_rest_resolves_a_button(server, agent):
    server.call(REST, {"sender": "a", "message": button_id(HUMAN_INTENT)})
    assert agent.seen[0].parse_data["intent"] == {
        "name": HUMAN_INTENT,
        "confidence": 1.0,
    }


def test_frontdesk_takes_a_button_id_that_is_typed_for_text(server, agent):
    body = {"conversation": "a", "text": button_id(HUMAN_INTENT)}
    server.call(DESK, body, token=TOKEN)
    assert agent.seen[0].parse_data is None


def test_frontdesk_offers_a_button_once(server, agent):
    buttons = [
        {"title": "Person", "payload": "b-1"},
        {"title": "More", "payload": "b-2"},
    ]
    agent.says = [
        {"text": "First.", "buttons": buttons},
        {"text": "Second.", "buttons": buttons[:1]},
        {"text": ""},
    ]
    _, answer = server.call(DESK, {"conversation": "a", "text": "hello"}, token=TOKEN)
    offered = [
        [button["id"] for button in message["buttons"]]
        for message in answer["messages"]
    ]
    assert offered == [["b-2"], ["b-1"]]


def test_health(server, agent):
    assert server.call("/webhooks/rest/") == (200, {"status": "ok"})
    assert server.call("/webhooks/frontdesk/") == (200, {"status": "ok"})


# --- failures -------------------------------------------------------------------------


def test_no_model_is_said_so(server):
    server.app.ctx.agent = StubAgent(ready=False)
    for path, body in [
        (REST, {"sender": "a", "message": "hello"}),
        (REST + "?stream=true", {"sender": "a", "message": "hello"}),
        (DESK, {"conversation": "a", "text": "hello"}),
        ("/webhooks/frontdesk/", None),
    ]:
        status, content = server.call(path, body, token=TOKEN)
        assert (status, content["error"]["code"]) == (503, "unavailable")


def test_a_failure_is_answered_without_the_patients_words(server, caplog):
    server.app.ctx.agent = StubAgent(before=ValueError("my private words"))
    with caplog.at_level(logging.INFO):
        rest = server.call(REST, {"sender": "a", "message": "my private words"})
        desk = server.call(
            DESK, {"conversation": "a", "text": "my private words"}, token=TOKEN
        )
    assert rest[0] == desk[0] == 503
    assert "private" not in json.dumps([rest, desk])
    assert "private" not in caplog.text


def test_what_was_said_before_a_failure_is_delivered(server):
    server.app.ctx.agent = StubAgent(after=OSError("the disk is full"))
    status, messages = server.call(REST, {"sender": "a", "message": "hello"})
    assert (status, [message["text"] for message in messages]) == (
        200,
        ["One.", "Two."],
    )
    body = {"conversation": "a", "text": "hello"}
    status, answer = server.call(DESK, body, token=TOKEN)
    assert status == 200
    assert [message["text"] for message in answer["messages"]] == ["One.", "Two."]


def test_a_broken_tracker_store_does_not_hold_back_the_reply(server):
    server.app.ctx.agent = StubAgent(broken_store=True)
    body = {"conversation": "a", "text": "hello"}
    status, answer = server.call(DESK, body, token=TOKEN)
    assert status == 200
    assert answer["messages"][0]["text"] == "One."
    assert answer["parse"]["intent"] is None
    assert answer["model"] == "stub-model"


def test_a_stream_ends_after_a_failure(server):
    server.app.ctx.agent = StubAgent(before=ValueError("private"))
    status, line = server.call(
        REST + "?stream=true", {"sender": "a", "message": "hello"}
    )
    assert status == 200
    assert line["error"]["code"] == "unavailable"


def test_frontdesk_does_not_start_without_a_token(monkeypatch):
    monkeypatch.delenv("RASA_AUTH_TOKEN", raising=False)
    with pytest.raises(RasaException, match="RASA_AUTH_TOKEN"):
        FrontDeskInput.from_credentials({})
    monkeypatch.setenv("RASA_AUTH_TOKEN", "short")
    with pytest.raises(RasaException, match="at least 16"):
        FrontDeskInput.from_credentials(None)
    monkeypatch.setenv("RASA_AUTH_TOKEN", TOKEN)
    assert FrontDeskInput.from_credentials(None).name() == "frontdesk"


# --- with a real model ----------------------------------------------------------------


@pytest.mark.slow
def test_rest_has_the_shape_of_rasas_own(server, assistant):
    status, messages = server.call(REST, {"sender": "a", "message": "hello"})
    assert status == 200
    assert messages == [{"recipient_id": "a", "text": "Hello there."}]
    _, messages = server.call(REST, {"sender": "a", "message": "how much is it"})
    assert messages[0]["buttons"][0]["payload"] == button_id(HUMAN_INTENT)
    _, message = server.call(REST + "?stream=true", {"sender": "a", "message": "hello"})
    assert message == {"recipient_id": "a", "text": "Hello there."}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        "/admin_human",
        "/ask_cost@0.9",
        '/ask_cost{"treatment": "iv"}',
        " \u200b/admin_human",
    ],
)
def test_a_slash_is_no_command_for_rasa(server, assistant, text):
    sender = conversation()
    status, _ = server.call(REST, {"sender": sender, "message": text})
    assert status == 200
    tracker = asyncio.run(assistant.tracker_store.retrieve(sender))
    assert tracker.latest_message.intent["confidence"] < 0.9
    assert tracker.get_slot("treatment") is None
    assert not tracker.latest_message.text.startswith("/")


@pytest.mark.slow
def test_frontdesk_tells_everything_about_a_reply(server, assistant):
    body = {"conversation": conversation(), "text": "how much is it"}
    status, answer = server.call(DESK, body, token=TOKEN)
    assert status == 200
    first, second = answer["messages"]
    assert (first["text"], second["text"]) == ("First bubble.", "Second bubble.")
    assert first["buttons"] == []
    assert second["buttons"] == [
        {"id": button_id(HUMAN_INTENT), "title": "Talk to a person"}
    ]
    for message in (first, second):
        known = {key: message[key] for key in message if key not in ("text", "buttons")}
        assert known == {
            "route": "faq",
            "topic": "cost",
            "check_in": False,
            "suggestions": [],
            "handoff": None,
            "sources": ["F-COST-01"],
            "reviewed": None,
            "draft": True,
            "response": "utter_cost",
            "version": "abc",
        }
    assert answer["parse"]["intent"] == "ask_cost"
    assert 0 < answer["parse"]["confidence"] <= 1
    assert len(answer["parse"]["ranking"]) == 4
    assert answer["policies"] == {"utter_cost": "RulePolicy"}
    assert answer["model"] == assistant.model_id


class Encoded:
    """The texts that Rasa's encoder had to encode."""

    def __init__(self, encoder, monkeypatch):
        self.texts = []
        run = encoder._run
        monkeypatch.setattr(encoder, "_run", lambda t: self.texts.extend(t) or run(t))


@pytest.mark.slow
def test_frontdesk_encodes_only_what_comes_without_its_vectors(
    server, agent, monkeypatch
):
    encoded = Encoded(shared_encoder(), monkeypatch)
    text = f"how much is it, {conversation()}, and when can i come to see you"
    body = {"conversation": conversation(), "text": text}
    sender = SentenceEncoder()
    sender.encode_many(encoded_texts(text))

    sent = body | {"vectors": packed(sender, text)}
    assert server.call(DESK, sent, token=TOKEN)[0] == 200
    assert encoded.texts == []
    for vectors in (None, "odd", packed(sender, text) | {"seal": "of other words"}):
        text = f"{text}?"
        sent = body | {"text": text, "vectors": vectors}
        assert server.call(DESK, sent, token=TOKEN)[0] == 200
        assert text in encoded.texts


@pytest.mark.slow
def test_frontdesk_presses_a_button(server, assistant):
    body = {"conversation": conversation(), "button": button_id(HUMAN_INTENT)}
    _, answer = server.call(DESK, body, token=TOKEN)
    assert answer["parse"]["intent"] == HUMAN_INTENT
    assert answer["parse"]["confidence"] == 1.0
    assert answer["messages"][0]["handoff"] == "human"


@pytest.mark.slow
def test_frontdesk_names_the_policy_of_each_action_of_this_turn_alone(
    server, assistant
):
    name = conversation()
    said = []
    for text in ("hello", "goodbye"):
        body = {"conversation": name, "text": text}
        said.append(server.call(DESK, body, token=TOKEN)[1]["policies"])
    assert said == [
        {"utter_greet": "RulePolicy"},
        {"utter_goodbye": "RulePolicy", "action_hand_off": "RulePolicy"},
    ]


@pytest.mark.slow
def test_messages_at_the_same_time_keep_their_own_answers(server, assistant):
    name = conversation()
    answers = {}

    def send(text):
        body = {"conversation": name, "text": text}
        answers[text] = server.call(DESK, body, token=TOKEN)[1]["parse"]["intent"]

    texts = {"hello": "greet", "how much is it": "ask_cost"}
    threads = [threading.Thread(target=send, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == texts


@pytest.mark.slow
def test_frontdesk_erases_a_conversation(server, assistant):
    name = conversation()
    server.call(DESK, {"conversation": name, "text": "hello"}, token=TOKEN)
    address = f"/webhooks/frontdesk/conversation/{name}"
    assert server.call(address, token=TOKEN, method="DELETE") == (200, {"erased": True})
    assert asyncio.run(assistant.tracker_store.retrieve(name)) is None
    assert server.call(address, token=TOKEN, method="DELETE") == (
        200,
        {"erased": False},
    )


@pytest.mark.slow
def test_a_hanging_action_server_holds_a_reply_for_two_seconds(server, tiny_model):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/webhook"
        server.app.ctx.agent = Agent.load(
            tiny_model, action_endpoint=EndpointConfig(url)
        )
        started = time.monotonic()
        body = {"conversation": conversation(), "text": "bye"}
        status, answer = server.call(DESK, body, token=TOKEN)
        took = time.monotonic() - started
    assert status == 200
    assert [message["text"] for message in answer["messages"]] == ["Goodbye."]
    assert 1.5 < took < 3


@pytest.mark.slow
def test_an_absent_action_server_does_not_delay_a_reply(server, tiny_model):
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/webhook"
    server.app.ctx.agent = Agent.load(tiny_model, action_endpoint=EndpointConfig(url))
    started = time.monotonic()
    body = {"conversation": conversation(), "text": "bye"}
    _, answer = server.call(DESK, body, token=TOKEN)
    assert [message["text"] for message in answer["messages"]] == ["Goodbye."]
    assert time.monotonic() - started < 1


# --- erasure --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "sqlite", "wrapped"])
def test_erase_tracker_leaves_other_conversations(kind, tmp_path):
    domain = Domain.empty()
    store = {
        "memory": lambda: InMemoryTrackerStore(domain),
        "sqlite": lambda: SQLTrackerStore(domain, db=str(tmp_path / "tracker.db")),
        "wrapped": lambda: Agent._create_tracker_store(None, domain),
    }[kind]()
    for name in ("one", "two"):
        tracker = DialogueStateTracker.from_events(name, [UserUttered("hello")])
        asyncio.run(store.save(tracker))
    assert erase_tracker(store, "one") is True
    assert asyncio.run(store.retrieve("one")) is None
    assert asyncio.run(store.retrieve("two")) is not None
    assert erase_tracker(store, "one") is False


def test_erase_tracker_says_which_store_it_does_not_know():
    with pytest.raises(ErasureNotPossibleError, match="UnknownStore"):
        erase_tracker(UnknownStore(), "one")


class UnknownStore:
    """A store of a kind nobody knows."""
