"""Fills the example clinic's inbox with made-up conversations. ``make demo``.

They go to a running front desk (``make run``) by the public chat API alone, as any
patient's would: within its limits, so that all of them take two or three minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import yaml

from deploy.demo_patient import ChatApi, NobodyThereError, Patient, RefusedError
from deploy.processes import stop_on_signals
from deploy.settings import Settings, SettingsError, load_settings

FILE = Path(__file__).with_name("demo_conversations.yml")
WEBSITE = "https://clinic.example"
SECONDS_BETWEEN_LINES = 15
ABOUT = (
    "{} made-up patients write to the chat. It limits messages per minute, as it does "
    "for everybody, so this takes two to three minutes."
)


class DemoError(Exception):
    """It can't be done; the words say why and what to do."""


class Progress(Protocol):
    """Shows how far it is."""

    def done(self) -> None:
        """One conversation more."""

    def pause(self, seconds: float) -> None:
        """Waits, and says so."""


def read_conversations(file: Path = FILE) -> list[dict[str, Any]]:
    """The conversations of the file, in its order."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return list(content["conversations"])


def config_of(api: ChatApi) -> dict[str, Any]:
    """What the front desk says of itself.

    Raises:
        DemoError: if nothing is there, something else, or a real clinic.
    """
    try:
        config = api.get("config")
        is_example = config["clinic"]["example"]
    except (NobodyThereError, RefusedError, KeyError, TypeError) as error:
        raise DemoError(
            f"No front desk answers at {api.url}: start 'make run' in another terminal "
            f"first, with the same PORT."
        ) from error
    if is_example is not True:
        raise DemoError(
            f"{api.url} is the front desk of a real clinic (clinic.yml, example): "
            f"made-up patients are not for its inbox."
        )
    return config


def talk(api: ChatApi, config: dict[str, Any], conversation: dict[str, Any]) -> None:
    """Holds one conversation.

    Raises:
        NobodyThereError, RefusedError: if the front desk does not do its part.
    """
    patient = Patient(
        api,
        config,
        page=WEBSITE + str(conversation["page"]),
        improve=bool(conversation.get("improve", True)),
    )
    for step in conversation["talk"]:
        if "say" in step:
            patient.say(str(step["say"]))
        elif "press" in step:
            patient.press(step["press"])
        elif "thumb" in step:
            patient.rate(step["thumb"], str(step.get("comment", "")))
        else:
            patient.ask_for_call_back(step["call_back"])


def fill(api: ChatApi, conversations: list[dict[str, Any]], progress: Progress) -> None:
    """Holds all conversations.

    Raises:
        DemoError: with one line on what to do.
    """
    config = config_of(api)
    for number, conversation in enumerate(conversations, start=1):
        try:
            talk(api, config, conversation)
        except NobodyThereError as error:
            raise DemoError(
                f"The front desk has stopped answering at conversation {number} of "
                f"{len(conversations)} ({error}). What was said before is kept."
            ) from error
        except RefusedError as error:
            raise DemoError(
                f"Conversation {number} of {len(conversations)} was not taken "
                f"({error}). Is the assistant ready? See /readyz."
            ) from error
        progress.done()


class Lines:
    """A line now and then, for pipes."""

    def __init__(self, total: int, say: Callable[[str], None] = print) -> None:
        self._total, self._done, self._say = total, 0, say
        self._said_at = time.monotonic()

    def done(self) -> None:
        """(see ``Progress``)."""
        self._done += 1
        now = time.monotonic()
        if now - self._said_at >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._said_at = now
            self._say(f"{self._done} of {self._total} conversations")

    def pause(self, seconds: float) -> None:
        """(see ``Progress``)."""
        self._say(
            f"{self._done} of {self._total} conversations; going on in "
            f"{seconds:.0f} s (the chat limits messages per minute)"
        )
        self._said_at = time.monotonic()
        time.sleep(seconds)


class Bar:
    """A bar, for terminals."""

    def __init__(self, bar: Any, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("Patients are writing", total=total)

    def done(self) -> None:
        """(see ``Progress``)."""
        self._bar.advance(self._task)

    def pause(self, seconds: float) -> None:
        """(see ``Progress``)."""
        for left in range(int(seconds), 0, -1):
            words = f"The chat limits messages per minute, going on in {left} s"
            self._bar.update(self._task, description=words)
            time.sleep(1)
        self._bar.update(self._task, description="Patients are writing")


@contextmanager
def progress_of(total: int) -> Iterator[Progress]:
    """A bar in a terminal, else lines."""
    if not sys.stdout.isatty():
        yield Lines(total, say=lambda line: print(line, flush=True))
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns) as bar:
        yield Bar(bar, total)


def demo(settings: Settings) -> None:
    """All of it (see ``fill`` for what it raises)."""
    conversations = read_conversations()
    print(ABOUT.format(len(conversations)), flush=True)
    with progress_of(len(conversations)) as progress:
        api = ChatApi(settings.front_desk_url, pause=progress.pause)
        fill(api, conversations, progress)
    print(f"The inbox has work in it: {settings.url}/staff/", flush=True)


def main() -> int:
    """``make demo``."""
    stop_on_signals()
    try:
        demo(load_settings())
    except KeyboardInterrupt:
        print("\nStopped; what was said is kept.", file=sys.stderr)
        return 1
    except (SettingsError, DemoError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
