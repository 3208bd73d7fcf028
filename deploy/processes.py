"""Child processes: started with a log file, watched, stopped for certain.

Used by ``deploy.assistant`` and ``deploy.front_desk``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TextIO

from deploy.settings import HOST, ROOT

SECONDS_TO_STOP = 10
LARGEST_LOG = 5_000_000
_PR_SET_PDEATHSIG = 1


class PortTakenError(RuntimeError):
    """Another program listens on a port of ours, or we may not listen there."""


@dataclass
class Child:
    """One process that we start and stop."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str] = field(repr=False)
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Starts it in a group of its own, so that Ctrl-C reaches only us."""
        if self.log.is_file() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            os.close(handle)

    def exit_code(self) -> int | None:
        """The exit code if it was started and has ended."""
        return self.process.poll() if self.process else None

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def wait(self, seconds: float) -> int:
        """Waits until it has ended by itself; gives its exit code.

        Raises:
            subprocess.TimeoutExpired: if it has not after ``seconds``.
        """
        if self.process is None:
            raise RuntimeError(f"The {self.name} was not started.")
        return self.process.wait(seconds)

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the process and those that it started."""
        self._signal(signal.SIGTERM)

    def stop(self, seconds: float = SECONDS_TO_STOP) -> None:
        """Asks it to stop, waits, then kills it."""
        if self.process is None:
            return
        if self.is_running():
            self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        # Also what the process itself has started and left behind.
        self._signal(signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of its log."""
        if not self.log.is_file():
            return []
        with self.log.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip() for line in deque(stream, maxlen=count)]

    def last_words(self) -> str:
        """That it has ended, and the end of its log."""
        lines = "\n".join(f"    {line}" for line in self.last_lines())
        return (
            f"The {self.name} has ended (exit code {self.exit_code()}). "
            f"The end of {self.log}:\n{lines}"
        )

    def _signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class PortLock:
    """Keeps a second server off a port on which the first one is still loading."""

    def __init__(
        self, folder: Path, port: int, variable: str, name: str = "assistant"
    ) -> None:
        self._file = folder / f"port-{port}.lock"
        use = (
            " Use that one (make chat), stop it,"
            if name == "assistant"
            else " Stop it,"
        )
        self._refusal = (
            f"Another {name} is starting or running on port {port}.{use} "
            f"or set {variable} to another port."
        )
        self._stream: TextIO | None = None

    def acquire(self) -> None:
        """Takes the port; the kernel gives it back when this process ends.

        Raises:
            PortTakenError: if another process has it.
        """
        if self._stream is not None:
            return
        stream = self._file.open("w", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            raise PortTakenError(self._refusal) from error
        self._stream = stream

    def release(self) -> None:
        """Gives the port back; safe to call twice."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def check_port(port: int, variable: str) -> None:
    """Refuses a port that we can't listen on.

    Raises:
        PortTakenError: names the port and the variable that moves it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise PortTakenError(
                f"Port {port} needs more rights. Set {variable} to a number above "
                f"1023, for example: {variable}={port + 10000} make run"
            ) from error
        except OSError as error:
            other = port + 1000 if port < 64000 else port - 1000
            raise PortTakenError(
                f"Port {port} is taken by another program. Stop it, or set "
                f"{variable}, for example: {variable}={other} make run"
            ) from error


def stop_on_signals(*, interrupt: bool = True) -> None:
    """Has SIGTERM and a closed terminal end the program as Ctrl-C does.

    Args:
        interrupt: also take over Ctrl-C; a chat leaves it to its input line.
    """
    taken = [signal.SIGTERM, signal.SIGHUP, *([signal.SIGINT] if interrupt else [])]

    def stop(number: int, frame: object) -> NoReturn:
        # A second signal must not interrupt the stopping.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in taken:
        signal.signal(name, stop)


def _end_with_parent() -> None:
    """Has the kernel stop this process when its parent is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
