"""Messages to a server on this machine, bounded in number and time."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import yaml

from benchmarks.servers import LOOPBACK, Server, post
from benchmarks.stock_project import ROOT
from benchmarks.training import BenchmarkError

CLIENTS = 8
TURNS_OF_A_CONVERSATION = 8
# One short talk, repeated: turn 491 says what turn 1 said.
LONG_TALK = (
    "hello",
    "how much is an infusion",
    "does it help with ptsd",
    "is that covered by aetna",
    "what are the side effects",
    "where are you located",
    "how long does a session take",
    "who sings this song",
    "do i need a ride home",
    "thanks",
)

Tick = Callable[[int], None]


@dataclass(frozen=True)
class Load:
    """What a number of clients saw."""

    messages_per_second: float
    p50_ms: float
    p95_ms: float
    empty_replies: int


# The half that is looked at while building; the reporting half stays unread.
MESSAGES = ROOT / "tests" / "nlu" / "choose"


def sample_messages(count: int, folder: Path = MESSAGES) -> list[str]:
    """Messages of every kind, the same ones each time.

    Raises:
        BenchmarkError: if there are none.
    """
    kinds = []
    for file in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        texts = [
            line.removeprefix("- ").strip()
            for block in content.get("nlu") or []
            for line in (block.get("examples") or "").splitlines()
            if line.startswith("- ")
        ]
        random.Random(file.name).shuffle(texts)
        kinds.append(texts)
    rounds = [texts[i] for i in range(count) for texts in kinds if i < len(texts)]
    chosen = rounds[:count]
    if not chosen:
        raise BenchmarkError(f"{folder}: no messages to send.")
    random.Random(1).shuffle(chosen)
    return chosen


def load(server: Server, texts: list[str], label: str, tick: Tick) -> Load:
    """Sends the texts with several clients at once, each in turn on one connection."""
    seconds: list[float] = []
    empty = 0
    failures: list[Exception] = []
    lock = threading.Lock()
    queue = list(enumerate(texts))

    def client(number: int) -> None:
        nonlocal empty
        connection = HTTPConnection(LOOPBACK, server.port, timeout=60)
        said = 0
        try:
            while True:
                with lock:
                    if not queue or failures:
                        return
                    _, text = queue.pop(0)
                sender = f"{label}-{number}-{said // TURNS_OF_A_CONVERSATION}"
                started = time.perf_counter()
                replies = post(connection, sender, text)
                took = time.perf_counter() - started
                said += 1
                with lock:
                    seconds.append(took)
                    empty += not replies
                    tick(len(seconds))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - started
    if failures:
        raise failures[0]
    return Load(
        messages_per_second=len(seconds) / wall,
        p50_ms=statistics.median(seconds) * 1000,
        p95_ms=statistics.quantiles(seconds, n=20)[-1] * 1000,
        empty_replies=empty,
    )


def long_conversation(
    server: Server, turns: int, label: str, tick: Tick
) -> list[float]:
    """Milliseconds of each turn of one conversation."""
    connection = HTTPConnection(LOOPBACK, server.port, timeout=120)
    latencies = []
    for turn in range(turns):
        started = time.perf_counter()
        post(connection, label, LONG_TALK[turn % len(LONG_TALK)])
        latencies.append((time.perf_counter() - started) * 1000)
        tick(turn + 1)
    connection.close()
    return latencies


def turn_figures(latencies: list[float]) -> tuple[float, float]:
    """Medians around turn 5 (turns 1 to 10) and around the last (the last ten)."""
    size = len(LONG_TALK)
    return statistics.median(latencies[:size]), statistics.median(latencies[-size:])
