"""A conversation in the terminal, over the front desk's channel. ``make chat``.

Starts the assistant by itself if none answers, and stops it at the end.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from clinic.answers import AnswerLibrary
from clinic.profile import ClinicFileError, load_clinic
from clinic.topics import URGENT_ROUTES
from deploy.assistant import Assistant, StartError
from deploy.chat_details import detail_rows
from deploy.chat_view import DANGER_LINE, View, view_for_terminal
from deploy.client import AssistantGoneError, AssistantRefusedError, FrontDeskClient
from deploy.greeting import greeting
from deploy.handoff_log import HandoffLog
from deploy.processes import PortTakenError, stop_on_signals
from deploy.settings import ROOT, Settings, SettingsError, load_settings
from deploy.sources import drafts_are_served, source_lines

DRAFTS = (
    "THE TEXTS ARE DRAFTS. No clinician has approved them yet: "
    "for trying out only, not for patients."
)
GREET = "utter_greet"
HELP = """\
Type a message and press Enter. A number presses the button with that number.
:sources   what the last answer rests on, and when it was reviewed
:details   what was understood, and which text was given
:new       start a new conversation
:resend    send again what did not arrive
:quit      leave (also Ctrl-C and Ctrl-D)"""


class Transport(Protocol):
    """What carries the messages; ``deploy.client.FrontDeskClient``, or a test's."""

    def send(
        self, conversation: str, *, text: str | None = None, button: str | None = None
    ) -> dict[str, Any]:
        """Sends a text or presses a button; gives the whole answer."""


class Chat:
    """One terminal's conversations."""

    def __init__(
        self,
        transport: Transport,
        view: View,
        handoffs: HandoffLog,
        *,
        phone: str,
        greeting: Sequence[dict[str, Any]] = (),
        revive: Callable[[], None] = lambda: None,
    ) -> None:
        """Starts the first conversation.

        Args:
            transport: carries the messages.
            view: shows them.
            handoffs: keeps the hand-offs.
            phone: the clinic's, shown when nothing else works.
            greeting: bubbles that a conversation begins with.
            revive: starts the assistant again if it is ours and has ended.
        """
        self._transport = transport
        self._view = view
        self._handoffs = handoffs
        self._phone = phone
        self._greeting = greeting
        self._revive = revive
        self._begin()

    def _begin(self) -> None:
        self.conversation = f"chat-{uuid.uuid4().hex}"
        self._answer: dict[str, Any] | None = None
        self._buttons: list[dict[str, str]] = []
        self._unsent: list[tuple[str, str | None]] = []

    def _greet(self) -> None:
        """Says hello as the website does; its buttons can be pressed by number."""
        if self._greeting:
            self._buttons = self._topics()
            self._view.reply(self._greeting, self._titles())

    def _topics(self) -> list[dict[str, str]]:
        return [button for each in self._greeting for button in each["buttons"]]

    def _titles(self) -> list[str]:
        return [button["title"] for button in self._buttons]

    def run(self, *, drafts: bool) -> None:
        """Talks until the patient leaves."""
        # Ctrl-C leaves as Ctrl-D does.
        with suppress(KeyboardInterrupt, EOFError):
            if drafts:
                self._view.notice(DRAFTS, loud=True)
            self._view.notice(DANGER_LINE)
            self._view.notice("Type a message. :help shows what else there is.")
            self._greet()
            for line in self._view.lines():
                if not self.handle(line):
                    break
        self._view.notice(f"The chat is over. {DANGER_LINE}")

    def handle(self, line: str) -> bool:
        """Does what a line asks for; False if the patient leaves."""
        line = line.strip()
        if not line:
            return True
        if line.startswith(":"):
            return self._command(line.lower())
        pressed = self._pressed(line)
        if pressed:
            self._view.notice(f"→ {pressed['title']}")
            self._send(pressed["title"], button=pressed["id"])
        else:
            self._send(line)
        return True

    def _pressed(self, line: str) -> dict[str, str] | None:
        """The button whose number a line is."""
        if line.isdecimal() and 0 < int(line) <= len(self._buttons):
            return self._buttons[int(line) - 1]
        return None

    def _command(self, command: str) -> bool:
        if command in (":quit", ":q", ":exit"):
            return False
        if command == ":new":
            self._begin()
            self._view.notice("A new conversation begins.")
            self._greet()
        elif command == ":sources":
            self._show_sources()
        elif command == ":details":
            self._show_details()
        elif command == ":resend":
            self._resend()
        elif command == ":help":
            self._view.notice(f"{HELP}\n{DANGER_LINE}")
        else:
            self._view.notice(f"There is no command {command}. :help shows all.")
        return True

    def _send(self, said: str, *, button: str | None = None) -> bool:
        """Sends a message and shows the reply; False if it did not arrive."""
        text = said if button is None else None
        try:
            with self._view.waiting():
                answer = self._transport.send(
                    self.conversation, text=text, button=button
                )
        except AssistantRefusedError as error:
            if error.status < 500:
                self._view.notice(f"This message can't be sent: {error}")
                return True
            self._keep(said, button, f"The assistant can't answer now ({error}).")
            return False
        except AssistantGoneError as error:
            self._keep(said, button, f"The assistant does not answer ({error}).")
            return False
        self._show(said, answer)
        return True

    def _keep(self, said: str, button: str | None, what: str) -> None:
        """Keeps a message that did not arrive, and says how to get help anyway."""
        self._unsent.append((said, button))
        self._view.notice(
            f"{what}\nYour message is kept; type :resend to send it again.\n"
            f"You can call us at {self._phone}.\n{DANGER_LINE}",
            loud=True,
        )

    def _resend(self) -> None:
        if not self._unsent:
            self._view.notice("Everything has arrived.")
            return
        try:
            self._revive()
        except (StartError, PortTakenError, ClinicFileError) as error:
            self._view.notice(f"{error}\n{DANGER_LINE}", loud=True)
            return
        waiting, self._unsent = self._unsent, []
        for position, (said, button) in enumerate(waiting):
            if not self._send(said, button=button):
                self._unsent += waiting[position + 1 :]
                return

    def _show(self, said: str, answer: dict[str, Any]) -> None:
        messages = answer["messages"]
        self._answer = answer
        self._buttons = [button for each in messages for button in each["buttons"]]
        if not self._buttons and any(m["response"] == GREET for m in messages):
            self._buttons = self._topics()
        self._view.reply(messages, self._titles())
        if not messages:
            self._view.notice(
                f"The assistant has no reply to this. You can call us at "
                f"{self._phone}. {DANGER_LINE}"
            )
        try:
            count = self._handoffs.record(self.conversation, said, messages)
        except OSError as error:
            self._view.notice(
                f"{self._handoffs.file}: the hand-off could NOT be written ({error}). "
                f"Staff must be told in another way.",
                loud=True,
            )
            return
        if count:
            self._view.notice(self._where_it_goes(messages))

    def _where_it_goes(self, messages: Sequence[dict[str, Any]]) -> str:
        """That the promise of the text is kept on the website, not here."""
        is_urgent = any(message["route"] in URGENT_ROUTES for message in messages)
        what = "nobody is alerted" if is_urgent else "nothing reaches the staff"
        where = shown(self._handoffs.file)
        return f"(In this terminal {what}: it is written to {where}.)"

    def _show_sources(self) -> None:
        if self._answer is None or not self._answer["messages"]:
            self._view.notice("There is no answer yet.")
            return
        for line in source_lines(self._answer["messages"]):
            self._view.notice(line)

    def _show_details(self) -> None:
        if self._answer is None:
            self._view.notice("There is no answer yet.")
            return
        self._view.table("The last message", detail_rows(self._answer))


def shown(file: Path) -> str:
    """A file as people name it: from the project's folder, if it is in there."""
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)


def talk(settings: Settings, view: View, assistant: Assistant | None) -> None:
    """Holds a chat; ``assistant`` is the one that was started for it, if any."""

    def revive() -> None:
        if assistant is not None and assistant.dead_child() is not None:
            view.notice("Starting the assistant again …")
            assistant.stop()
            assistant.start()

    clinic = load_clinic(settings.clinic_file)
    chat = Chat(
        FrontDeskClient.of(settings),
        view,
        HandoffLog(settings.handoffs),
        phone=str(clinic.values["phone"]),
        greeting=greeting(clinic, AnswerLibrary()),
        revive=revive,
    )
    chat.run(drafts=drafts_are_served())


def main() -> int:
    """``make chat``."""
    assistant = None
    stop_on_signals(interrupt=False)
    try:
        settings = load_settings()
        view = view_for_terminal()
        if not FrontDeskClient.of(settings).is_ready():
            view.notice("Starting the assistant; this takes half a minute …")
            assistant = Assistant(settings, say=view.notice)
            assistant.start()
        talk(settings, view, assistant)
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    except (SettingsError, StartError, PortTakenError, ClinicFileError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if assistant is not None:
            assistant.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
