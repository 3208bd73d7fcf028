"""The terminal chat with a transport of the tests' own."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest
from rich.console import Console

from clinic.answers import AnswerLibrary
from clinic.profile import load_clinic
from deploy import handoff_log
from deploy.chat import Chat
from deploy.chat_details import detail_rows
from deploy.chat_view import DANGER_LINE, PlainView, TerminalView
from deploy.client import AssistantGoneError, AssistantRefusedError, FrontDeskClient
from deploy.greeting import greeting
from deploy.handoff_log import HandoffLog
from deploy.settings import ROOT
from deploy.sources import review_words, source_lines, source_words

PHONE = "(555) 010-0199"


def bubble(text, **values):
    return {
        "text": text,
        "buttons": [],
        "route": "faq",
        "topic": "cost",
        "check_in": False,
        "suggestions": [],
        "handoff": None,
        "sources": [],
        "reviewed": None,
        "draft": True,
        "response": "utter_cost",
        "version": "abc",
        **values,
    }


def answer(*messages):
    return {
        "messages": list(messages),
        "parse": {
            "intent": "ask_cost",
            "confidence": 0.875,
            "entities": [{"entity": "treatment", "value": "iv"}],
            "ranking": [{"name": "ask_cost", "confidence": 0.875}],
            "safety": {},
        },
        "model": "model-1",
    }


class FakeTransport:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def send(self, conversation, *, text=None, button=None):
        self.sent.append((conversation, text, button))
        given = self.answers.pop(0) if self.answers else answer(bubble("Yes."))
        if isinstance(given, Exception):
            raise given
        return given


@pytest.fixture
def talk(tmp_path):
    """Says some lines to a chat and gives what was printed, and the chat."""

    def say(*lines, transport=None, drafts=False, greeting=(), revive=lambda: None):
        target = io.StringIO()
        view = PlainView(io.StringIO("\n".join(lines) + "\n"), target)
        log = HandoffLog(tmp_path / "handoffs.jsonl")
        options = {"phone": PHONE, "greeting": greeting, "revive": revive}
        chat = Chat(transport or FakeTransport(), view, log, **options)
        chat.run(drafts=drafts)
        return target.getvalue(), chat

    return say


def handoffs(tmp_path):
    lines = (tmp_path / "handoffs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_it_says_who_speaks_and_wraps(talk):
    long = "word " * 40
    printed, _ = talk(
        "hello", transport=FakeTransport(answer(bubble("One."), bubble(long)))
    )
    assert "You: hello\nAssistant: One.\nAssistant: word word" in printed
    assert max(len(line) for line in printed.splitlines()) <= 100
    assert "\n           word word" in printed


def test_the_numbers_for_danger_are_always_there(talk):
    printed, _ = talk(":quit")
    assert printed.count(DANGER_LINE) == 2


def test_drafts_are_marked_once_and_loudly(talk):
    printed, _ = talk("hello", "hello", drafts=True)
    assert printed.count("!! THE TEXTS ARE DRAFTS") == 1
    printed, _ = talk("hello")
    assert "DRAFTS" not in printed


BUTTONS = [{"id": "b-1", "title": "Costs"}, {"id": "b-2", "title": "A person"}]


# fmt: off
PRESSES = [
    # typed   text   button
    ("1",     None,  "b-1"),
    (" 2 ",   None,  "b-2"),
    ("3",     "3",   None),
    ("0",     "0",   None),
    ("1.",    "1.",  None),
    ("²",     "²",   None),
    ("one",   "one", None),
]
# fmt: on


@pytest.mark.parametrize(("typed", "text", "button"), PRESSES)
def test_a_number_presses_the_button(talk, typed, text, button):
    transport = FakeTransport(answer(bubble("Which?", buttons=BUTTONS)))
    printed, chat = talk("hello", typed, transport=transport)
    assert transport.sent[1] == (chat.conversation, text, button)
    assert "  [1] Costs\n  [2] A person\n" in printed


def test_the_greeting_has_topic_buttons_that_are_pressed_by_number(talk):
    clinic, library = load_clinic(), AnswerLibrary()
    hello = greeting(clinic, library)
    transport = FakeTransport(
        answer(bubble("Hi.", response="utter_greet")), answer(bubble("Fine."))
    )
    printed, _ = talk("hi", "2", "2", transport=transport, greeting=hello)

    titles = [button["title"] for button in hello[-1]["buttons"]]
    shown = "".join(f"  [{n}] {title}\n" for n, title in enumerate(titles, 1))
    assert len(titles) > 3 and printed.count(shown) == 2
    assert str(clinic.values["phone"]) in printed and "{" not in printed
    second = hello[-1]["buttons"][1]["id"]
    said = [(text, button) for _, text, button in transport.sent]
    assert said == [("hi", None), (None, second), ("2", None)]


def test_buttons_of_an_older_reply_do_nothing(talk):
    transport = FakeTransport(
        answer(bubble("Which?", buttons=BUTTONS)), answer(bubble("Fine."))
    )
    talk("hello", "thanks", "1", transport=transport)
    assert transport.sent[2][1:] == ("1", None)


def test_new_starts_another_conversation(talk):
    transport = FakeTransport()
    talk("hello", ":new", "hello", transport=transport)
    assert len({conversation for conversation, _, _ in transport.sent}) == 2


def test_commands_are_not_sent(talk):
    transport = FakeTransport()
    printed, _ = talk(
        ":help", ":sources", ":details", ":resend", ":nonsense", "", transport=transport
    )
    assert transport.sent == []
    assert ":sources   what" in printed
    assert "no command :nonsense" in printed
    assert printed.count("There is no answer yet.") == 2
    assert "Everything has arrived." in printed


def test_quit_leaves_the_rest_unsent(talk):
    transport = FakeTransport()
    talk("hello", ":quit", "later", transport=transport)
    assert len(transport.sent) == 1


def test_details_show_what_was_understood():
    rows = detail_rows(
        answer(bubble("One."), bubble("Two."), bubble("Three.", response="utter_x"))
    )
    assert ("intent", "ask_cost (0.88)") in rows
    assert ("entities", "treatment=iv") in rows
    assert ("model", "model-1") in rows
    shown = [value for name, value in rows if name == "response"]
    assert shown == ["utter_cost, version abc", "utter_x, version abc"]


def test_sources_name_the_publisher_and_year(talk):
    transport = FakeTransport(answer(bubble("Yes.", sources=["F-WHAT_IS_KETAMINE-01"])))
    printed, _ = talk("hello", ":sources", transport=transport)
    assert "F-WHAT_IS_KETAMINE-01: KETALAR indications and warnings" in printed
    assert "(InpharmD, 2023)" in printed


def test_sources_survive_what_is_not_there(tmp_path):
    assert source_words("A public title", tmp_path) == "A public title"
    assert source_lines([bubble("Yes.")])[0] == "This answer names no sources."


def test_sources_tell_the_review_date():
    first = AnswerLibrary().variations("utter_cost")[0]
    words = review_words(bubble("…", version=first.version))
    assert words.startswith("utter_cost: draft, approved by nobody yet, review due 20")
    approved = bubble("…", draft=False, reviewed="2026-12-01")
    assert review_words(approved) == "utter_cost: approved on 2026-12-01"


# --- hand-offs ------------------------------------------------------------------------


def test_a_hand_off_is_one_line_a_reason(talk, tmp_path):
    medical = {"route": "medical", "topic": "dosing", "handoff": "dosing"}
    crisis = {"route": "crisis", "topic": "self_harm"}
    transport = FakeTransport(
        answer(bubble("One.", **medical), bubble("Two.", **medical)),
        answer(bubble("Three.")),
        answer(bubble("Four.", **crisis), bubble("Five.", **medical)),
    )
    printed, chat = talk("first", "second", "third", transport=transport)
    entries = handoffs(tmp_path)
    assert [(entry["reason"], entry["route"]) for entry in entries] == [
        ("dosing", "medical"),
        ("dosing", "medical"),
        ("self_harm", "crisis"),
    ]
    assert {entry["conversation"] for entry in entries} == {chat.conversation}
    assert set(entries[0]) == {"time", "conversation", "reason", "route", "message"}
    assert (tmp_path / "handoffs.jsonl").stat().st_mode & 0o077 == 0
    file = tmp_path / "handoffs.jsonl"
    assert printed.count(f"nothing reaches the staff: it is written to {file}.)") == 1
    assert printed.count(f"nobody is alerted: it is written to {file}.)") == 1


def test_a_hand_off_is_redacted(talk, tmp_path):
    transport = FakeTransport(answer(bubble("One.", handoff="human")))
    talk("please call me at 303-555-0147", transport=transport)
    message = handoffs(tmp_path)[0]["message"]
    assert message.startswith("please call me")
    assert "0147" not in message


def test_a_hand_off_is_kept_when_its_text_cannot_be_redacted(
    talk, tmp_path, monkeypatch
):
    def fail(text):
        raise RuntimeError("no patterns")

    monkeypatch.setattr(handoff_log, "redact", fail)
    transport = FakeTransport(answer(bubble("One.", handoff="human")))
    talk("call me at 303-555-0147", transport=transport)
    assert handoffs(tmp_path)[0]["message"] == handoff_log.NOT_REDACTED


def test_a_hand_off_that_cannot_be_written_is_said_loudly(talk, tmp_path):
    (tmp_path / "handoffs.jsonl").mkdir()
    transport = FakeTransport(answer(bubble("One.", handoff="human")))
    printed, _ = talk("a person", "hello", transport=transport)
    assert "could NOT be written" in printed
    assert "You: hello\nAssistant: Yes." in printed


# --- when the assistant is gone -------------------------------------------------------


def test_a_message_that_did_not_arrive_is_kept_and_sent_again(talk):
    transport = FakeTransport(
        answer(bubble("Which?", buttons=BUTTONS)),
        AssistantGoneError("Connection refused"),
        AssistantRefusedError(503, "No model is loaded."),
        answer(bubble("First.")),
        AssistantGoneError("Connection refused"),
        answer(bubble("Second.")),
    )
    revived = []
    printed, _ = talk(
        "hello", "1", "second", ":resend", ":resend", ":resend",
        transport=transport, revive=lambda: revived.append(1),
    )  # fmt: skip
    assert "does not answer (Connection refused)" in printed
    assert "can't answer now (No model is loaded.)" in printed
    assert PHONE in printed and "911" in printed and "988" in printed
    said = [(text, button) for _, text, button in transport.sent]
    assert said == [
        ("hello", None),
        (None, "b-1"),
        ("second", None),
        (None, "b-1"),
        ("second", None),
        ("second", None),
    ]
    assert len(revived) == 2
    assert "Everything has arrived." in printed


def test_a_refused_message_is_not_kept(talk):
    transport = FakeTransport(AssistantRefusedError(413, "'text' is too long."))
    printed, _ = talk("x", ":resend", transport=transport)
    assert "can't be sent: 'text' is too long." in printed
    assert "Everything has arrived." in printed


def test_silence_is_explained(talk):
    printed, _ = talk("hello", transport=FakeTransport(answer()))
    assert f"no reply to this. You can call us at {PHONE}" in printed


def test_the_client_says_that_nothing_answers():
    client = FrontDeskClient("http://127.0.0.1:9", "token")
    assert client.is_ready() is False
    with pytest.raises(AssistantGoneError, match="refused"):
        client.send("a", text="hello")


def test_a_reader_that_goes_away_ends_the_chat_quietly(tmp_path):
    code = TERMINAL_CHAT.format(
        root=os.fspath(ROOT), here=os.fspath(ROOT / "tests" / "deploy"),
        log=os.fspath(tmp_path / "handoffs.jsonl"),
    )  # fmt: skip
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    program.stdout.readline()
    program.stdout.close()
    program.stdin.write(b"hello\nhello\n")
    program.stdin.close()
    errors = program.stderr.read().decode()
    program.stderr.close()
    program.wait(20)
    # The chat's main() swallows this one; what Python adds at its end would be seen.
    assert errors.strip().endswith("BrokenPipeError: [Errno 32] Broken pipe")
    assert "Exception ignored" not in errors


# --- on a terminal --------------------------------------------------------------------


def test_bubbles_on_a_terminal_do_not_read_markup():
    out = io.StringIO()
    view = TerminalView(Console(file=out, width=60, force_terminal=True, record=True))
    view.reply([bubble("[red]not[/red] markup " * 8, route="crisis")], ["[b]Costs[/b]"])
    shown = view._console.export_text()
    assert "[red]not[/red] markup" in shown
    assert "[1] [b]Costs[/b]" in shown
    assert "Assistant" in shown
    assert max(len(line) for line in shown.splitlines()) <= 60


TERMINAL_CHAT = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
import test_chat
from deploy.chat import Chat
from deploy.chat_view import view_for_terminal
from deploy.greeting import greeting
from deploy.handoff_log import HandoffLog
view = view_for_terminal()
Chat(
    test_chat.FakeTransport(), view, HandoffLog(Path({log!r})), phone="x"
).run(drafts=True)
"""


def terminal(tmp_path):
    leader, follower = pty.openpty()
    code = TERMINAL_CHAT.format(
        root=os.fspath(ROOT), here=os.fspath(ROOT / "tests" / "deploy"),
        log=os.fspath(tmp_path / "handoffs.jsonl"),
    )  # fmt: skip
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        start_new_session=True,
        preexec_fn=lambda: os.setsid() if os.getsid(0) != os.getpid() else None,
    )
    os.close(follower)
    return leader, program


def read_until(leader, words, seconds=20):
    shown = b""
    until = time.monotonic() + seconds
    while words not in shown and time.monotonic() < until:
        ready, _, _ = select.select([leader], [], [], 0.2)
        if ready:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if b"\x1b[6n" in part:  # prompt_toolkit asks where the cursor is
                os.write(leader, b"\x1b[1;1R")
            shown += part
    assert words in shown, shown
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("keys", [b"\x03", b"\x04", b":quit\r"])
def test_a_terminal_is_left_politely(tmp_path, keys):
    leader, program = terminal(tmp_path)
    try:
        read_until(leader, b"You >")
        os.write(leader, b"hello\r")
        read_until(leader, b"Yes.")
        read_until(leader, b"You >")
        os.write(leader, keys)
        read_until(leader, b"The chat is over.")
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.wait()
        os.close(leader)
