"""How the terminal chat looks: bubbles on a terminal, plain text in a pipe.

Used by ``deploy.chat``. A view shows things; it decides nothing.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clinic.topics import URGENT_ROUTES

WIDTH = 78
BOT = "Assistant"
PATIENT = "You"
DANGER_LINE = "In danger? Call 911. Thoughts of suicide or self-harm? Call or text 988."
PROMPT_STYLE = {"bottom-toolbar": "noreverse bold"}


class View(Protocol):
    """What the chat needs to be shown."""

    def notice(self, text: str, *, loud: bool = False) -> None:
        """A line from the program itself."""

    def reply(self, messages: Sequence[dict[str, Any]], titles: Sequence[str]) -> None:
        """The bubbles of a reply, and its buttons, numbered from one."""

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values."""

    def waiting(self) -> AbstractContextManager:
        """Shows, while it is entered, that a reply is under way."""

    def lines(self) -> Iterator[str]:
        """What the patient types, line by line, until the end of input."""


class PlainView:
    """Plain text, for pipes and scripts."""

    def __init__(
        self, source: TextIO | None = None, target: TextIO | None = None
    ) -> None:
        self._source = source or sys.stdin
        self._target = target or sys.stdout

    def notice(self, text: str, *, loud: bool = False) -> None:
        """(see ``View``)."""
        for line in text.splitlines():
            self._write(f"{'!! ' if loud else '-- '}{line}")

    def reply(self, messages: Sequence[dict[str, Any]], titles: Sequence[str]) -> None:
        """(see ``View``)."""
        for message in messages:
            lines = message["text"].splitlines()
            self._write(_wrapped(f"{BOT}: ", lines))
        for number, title in enumerate(titles, start=1):
            self._write(f"  [{number}] {title}")

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """(see ``View``)."""
        self._write(f"-- {title}")
        for name, value in rows:
            self._write(_wrapped(f"   {name}: ", value.splitlines()))

    def waiting(self) -> AbstractContextManager:
        """(see ``View``)."""
        return nullcontext()

    def lines(self) -> Iterator[str]:
        """(see ``View``)."""
        for line in self._source:
            line = line.rstrip("\n")
            if line.strip():
                self._write(_wrapped(f"{PATIENT}: ", [line]))
            yield line

    def _write(self, text: str) -> None:
        try:
            print(text, file=self._target, flush=True)
        except BrokenPipeError:
            # Nobody reads any more; Python would try again, and fail, at its end.
            if self._target is sys.stdout:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise


def _wrapped(label: str, lines: Sequence[str]) -> str:
    """Lines under a label, indented by its width."""
    indent = " " * len(label)
    wrapped = [
        part
        for line in lines or [""]
        for part in textwrap.wrap(line, WIDTH - len(label), break_on_hyphens=False)
        or [""]
    ]
    return "\n".join(
        f"{label if number == 0 else indent}{part}".rstrip()
        for number, part in enumerate(wrapped)
    )


class TerminalView:
    """Bubbles, a typing indicator, a fixed danger line, history with arrow keys."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def notice(self, text: str, *, loud: bool = False) -> None:
        """(see ``View``)."""
        if loud:
            self._console.print(Panel(Text(text, style="bold"), border_style="yellow"))
        else:
            self._console.print(Text(text, style="dim"))

    def reply(self, messages: Sequence[dict[str, Any]], titles: Sequence[str]) -> None:
        """(see ``View``)."""
        for message in messages:
            urgent = message["route"] in URGENT_ROUTES
            bubble = Panel(
                Text(message["text"]),
                title=Text(BOT, style="bold"),
                title_align="left",
                border_style="bold red" if urgent else "cyan",
                width=min(WIDTH, self._console.width),
            )
            self._console.print(bubble)
        for number, title in enumerate(titles, start=1):
            line = Text.assemble((f"[{number}] ", "bold cyan"), title)
            self._console.print(Padding(line, (0, 0, 0, 2)))

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """(see ``View``)."""
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for name, value in rows:
            table.add_row(Text(name, style="bold"), Text(value))
        self._console.print(table)

    def waiting(self) -> AbstractContextManager:
        """(see ``View``)."""
        return self._console.status(f"{BOT} is typing …", spinner="dots")

    def lines(self) -> Iterator[str]:
        """(see ``View``)."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.styles import Style

        # In memory: a patient's words are not left in a file.
        session: PromptSession = PromptSession(
            history=InMemoryHistory(),
            bottom_toolbar=f" {DANGER_LINE}  ·  :help ",
            style=Style.from_dict(PROMPT_STYLE),
        )
        while True:
            try:
                yield session.prompt(f"{PATIENT} > ")
            except EOFError:
                return


def view_for_terminal() -> View:
    """Bubbles if people sit at both ends, else plain text."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return TerminalView()
    return PlainView()
