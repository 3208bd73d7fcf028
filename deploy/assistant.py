"""Starts, watches and stops the assistant: Rasa server and action server.

``make assistant``; also used by ``deploy.chat`` and ``deploy.run``.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from clinic.profile import ClinicFileError, load_clinic
from deploy.client import AssistantGoneError, AssistantRefusedError, FrontDeskClient
from deploy.processes import (
    Child,
    PortLock,
    PortTakenError,
    check_port,
    stop_on_signals,
)
from deploy.settings import HOST, Settings, SettingsError, load_settings
from deploy.training import train
from safety.live_model import LiveModelError, read_live

SECONDS_TO_START = 240
SECONDS_BETWEEN_NEWS = 5
WARM_UP = "warm-up"
TRAIN_IF_CHANGED = [
    *(sys.executable, "-m", "retraining.train"),
    *("--if-changed", "--adopt"),
]

Say = Callable[[str], None]


class StartError(RuntimeError):
    """The assistant could not be started, or did not stay up."""


class Assistant:
    """The two servers of one installation as child processes."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Say = print,
        train_command: Sequence[str] = TRAIN_IF_CHANGED,
    ) -> None:
        """Starts nothing yet.

        Args:
            settings: of this installation.
            say: shows a line of progress.
            train_command: trains if the data changed.
        """
        self.settings = settings
        self.client = FrontDeskClient.of(settings)
        self.children: list[Child] = []
        self._lock = PortLock(settings.home, settings.rasa_port, "RASA_PORT")
        self._say = say
        self._train_command = list(train_command)

    def start(self) -> None:
        """Trains if needed, starts both servers, and waits until they answer.

        Raises:
            StartError, PortTakenError, ClinicFileError: with one line on what to do.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """The first part of ``start``: afterwards the servers are loading.

        Raises:
            StartError, PortTakenError, ClinicFileError: with one line on what to do.
        """
        load_clinic(self.settings.clinic_file)
        self._lock.acquire()
        try:
            check_port(self.settings.rasa_port, "RASA_PORT")
            check_port(self.settings.actions_port, "ACTIONS_PORT")
            self._train()
            self.children = self._commands(newest_model(self.settings.models))
            self._say("Starting the Rasa server and the action server …")
            for child in self.children:
                child.start()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """The second part of ``start``: until a first message is answered.

        Raises:
            StartError: says which server failed, and its last words.
        """
        try:
            self._wait_for_answers()
            self._warm_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops both servers; safe to call twice."""
        for child in self.children:
            if child.is_running():
                child.ask_to_stop()
        for child in self.children:
            child.stop()
        self._lock.release()

    def dead_child(self) -> Child | None:
        """A server that has ended by itself, if one has."""
        return next(
            (child for child in self.children if child.exit_code() is not None), None
        )

    def watch(self) -> NoReturn:
        """Waits until a server dies.

        Raises:
            StartError: says which one, with its last log lines.
        """
        while True:
            self._fail_if_dead()
            time.sleep(0.3)

    def _train(self) -> None:
        self._say("Checking whether the assistant has to be trained …")
        log = self.settings.logs / "train.log"
        environment = self.settings.child_environment(with_token=False)
        if train(self._train_command, log, environment, self._say):
            raise StartError(
                f"The training failed; the reason is in {log}. "
                f"Correct it and try again, or run 'make check'."
            )

    def _commands(self, model: Path) -> list[Child]:
        settings, python = self.settings, sys.executable
        rasa = [python, "-m", "deploy.rasa_server", "run", "--enable-api"]
        rasa += ["-i", HOST, "-p", str(settings.rasa_port), "--model", str(model)]
        rasa += ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml"]
        actions = [python, "-m", "rasa_sdk", "--actions", "actions"]
        actions += ["-p", str(settings.actions_port)]
        plain = settings.child_environment(with_token=False) | {"SANIC_HOST": HOST}
        secret = settings.child_environment(with_token=True)
        return [
            Child("Rasa server", rasa, settings.logs / "rasa.log", secret),
            Child("action server", actions, settings.logs / "actions.log", plain),
        ]

    def _wait_for_answers(self) -> None:
        began = news = time.monotonic()
        health = f"{self.settings.actions_url}/health"
        while not (_answers(health) and self.client.is_ready()):
            self._fail_if_dead()
            now = time.monotonic()
            if now - began > SECONDS_TO_START:
                raise StartError(
                    f"The assistant was not ready after {SECONDS_TO_START} seconds. "
                    f"See the log files in {self.settings.logs}."
                )
            if now - news >= SECONDS_BETWEEN_NEWS:
                news = now
                self._say(f"  loading the model … {now - began:.0f} s")
            time.sleep(0.3)

    def _warm_up(self) -> None:
        """One message end to end: the first patient shall not wait for it."""
        try:
            answer = self.client.send(WARM_UP, text="hello")
            self.client.erase(WARM_UP)
        except (AssistantGoneError, AssistantRefusedError) as error:
            raise StartError(
                f"The Rasa server started, but did not answer a first message "
                f"({error}). See {self.settings.logs / 'rasa.log'}."
            ) from error
        if not answer.get("messages"):
            raise StartError(
                "The Rasa server started, but had no reply to a first message. "
                "Is there a rule for the intent 'greet'? Run 'make check'."
            )

    def _fail_if_dead(self) -> None:
        child = self.dead_child()
        if child is None:
            return
        raise StartError(child.last_words())


def newest_model(folder: Path) -> Path:
    """The live model; the one that was trained last where none was ever promoted.

    Raises:
        StartError: if there is none, or the live one is not whole.
    """
    try:
        live = read_live(folder)
        if live is not None:
            live.model.check()
            return live.model.archive
    except LiveModelError as error:
        raise StartError(
            f"{error} Go back to a model that is whole: 'python -m retraining rollback'"
            f" (and 'python -m retraining registry' to see which there are)."
        ) from error
    models = sorted(folder.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    if not models:
        raise StartError(f"{folder}: there is no model. Run 'make train'.")
    return models[-1]


def addresses(settings: Settings) -> str:
    """What answers where, for people."""
    return (
        f"  Rasa server    {settings.rasa_url}  (REST: /webhooks/rest/webhook)\n"
        f"  action server  {settings.actions_url}\n"
        f"  logs           {settings.logs}"
    )


def serve(assistant: Assistant) -> int:
    """Starts an assistant and keeps it up until told to stop; gives an exit code."""
    stop_on_signals()
    try:
        assistant.start()
        print(f"The assistant is ready.\n{addresses(assistant.settings)}")
        print("Stop it with Ctrl-C.", flush=True)
        assistant.watch()
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    except (StartError, PortTakenError, ClinicFileError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        assistant.stop()


def main() -> int:
    """``make assistant``."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return serve(Assistant(settings, say=lambda line: print(line, flush=True)))


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
