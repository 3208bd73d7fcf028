"""No message is lost, doubled or out of order, whatever is killed or cut off meanwhile.

``make faults`` sends 1000 messages, a run of all tests some sixty. Gateway and Rasa are
killed (SIGKILL) at random, connections break at random, and messages are sent twice.
Asked afterwards: the database, and what the streams delivered.
"""

import asyncio
import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime

import aiohttp
import pytest

from tests.frontdesk.hard_runs import (
    FakeRasaProcess,
    RealRasa,
    RestartedGateway,
    percentile,
    report,
    size,
)
from tests.frontdesk.progress import progress

from tests.frontdesk import fake_rasa  # isort: skip

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

SHORT = 60
MESSAGES = size("FAULT_MESSAGES", SHORT)
IS_LONG = MESSAGES > SHORT
SEED = size("FAULT_SEED", 11)
DANGER = "yes, i am suicidal"  # of which the detector is certain by itself
FALLBACK_RESPONSE, RASA_SAYS = "utter_assistant_down", "utter_cost"
BROKEN = (aiohttp.ClientError, TimeoutError, OSError)


class Widget:
    """One patient's page: sends each message until it is taken, listens, comes back."""

    def __init__(self, url, chance, http):
        self._url, self._chance, self._http = url, chance, http
        self.sent = []  # (client_id, text)
        self.taken = {}  # the number each client_id was given
        self.seen = []  # the messages, as the streams delivered them
        self.is_over = False
        self.counts = Counter()

    async def open(self):
        async with self._http.get(f"{self._url}/chat/config") as answer:
            version = (await answer.json())["consent"]["version"]
        body = {"consent_version": version}
        async with self._http.post(f"{self._url}/chat/sessions", json=body) as answer:
            opened = await answer.json()
        self.id = opened["conversation"]
        self._headers = {"Authorization": f"Bearer {opened['token']}"}

    async def talk(self, texts, pause, count):
        for number, text in enumerate(texts):
            await asyncio.sleep(self._chance.uniform(0, 2 * pause))
            self.sent.append((f"c-{number}", text))
            while f"c-{number}" not in self.taken:
                await self._send(f"c-{number}", text)
            count()
            if self._chance.random() < 0.1:  # the answer was lost, as the page sees it
                self.counts["sent again"] += 1
                await self._send(f"c-{number}", text)

    async def _send(self, client_id, text):
        copies = 2 if self._chance.random() < 0.1 else 1
        self.counts["sent twice at once"] += copies - 1
        tries = [self._send_one(client_id, text) for _ in range(copies)]
        if not any(await asyncio.gather(*tries)):
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))

    async def _send_one(self, client_id, text):
        breaks = self._chance.random() < 0.15
        seconds = self._chance.uniform(0.001, 0.08) if breaks else 15
        body = {"client_id": client_id, "text": text}
        try:
            async with self._http.post(
                f"{self._url}/chat/messages",
                json=body,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                content = await answer.json()
        except aiohttp.ClientConnectorError:
            return False  # nobody is there
        except BROKEN:
            self.counts["posts cut off"] += 1
            return False
        if answer.status == 503:
            self.counts["503"] += 1
            if DANGER in text:
                assert "988" in json.dumps(content["error"]["urgent"])
            return False
        assert answer.status == 200, content
        if DANGER in text:
            assert "988" in json.dumps(content["replies"])
        number = content["message"]["id"]
        assert self.taken.setdefault(client_id, number) == number
        return True

    async def listen(self):
        while not self.is_over:
            seconds = self._chance.uniform(0.3, 8)  # then the line breaks
            with suppress(*BROKEN):
                await self._listen_for(aiohttp.ClientTimeout(total=seconds))
            await asyncio.sleep(self._chance.uniform(0, 0.5))

    async def _listen_for(self, timeout):
        headers = dict(self._headers)
        if self.seen:
            headers["Last-Event-ID"] = str(self.seen[-1]["id"])
        async with self._http.get(
            f"{self._url}/chat/stream", headers=headers, timeout=timeout
        ) as answer:
            self.counts["streams"] += 1
            event = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                    continue
                if event.get("event") == "message":
                    message = json.loads(event["data"])
                    assert str(message["id"]) == event["id"]
                    self.seen.append(message)
                event = {}


class Trouble:
    """Kills servers and starts them again, until told to stop."""

    def __init__(self, gateway, rasa, chance):
        self._gateway, self._rasa, self._chance = gateway, rasa, chance
        self.counts = Counter()
        self.is_over = False

    async def make(self, deeds, pause):
        """Each deed once at least."""
        while not self.is_over:
            for deed in self._chance.sample(deeds, len(deeds)):
                if self.is_over and self.counts[f"{deed} killed"]:
                    return
                await asyncio.sleep(self._chance.uniform(0.2, 2 * pause))
                await self._do(deed)

    async def _do(self, deed):
        servers = {
            "gateway": [self._gateway],
            "rasa": [self._rasa],
            "both": [self._gateway, self._rasa],
        }[deed]
        for server in servers:
            server.kill()
        self.counts[f"{deed} killed"] += 1
        await asyncio.sleep(self._chance.uniform(0, 1.5))
        for server in servers:
            await asyncio.to_thread(server.start)


def texts_of(number, count, chance):
    """What a patient says; one in twenty is in danger."""
    return [
        DANGER if chance.random() < 0.05 else f"word {number} {turn}"
        for turn in range(count)
    ]


async def run(gateway, rasa, count, *, patients, messages, seconds, deeds, pause):
    """Has patients talk while things break; gives the widgets and what was done."""
    chance = random.Random(SEED)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        widgets = [Widget(gateway.url, chance, http) for _ in range(patients)]
        for widget in widgets:
            await widget.open()
        listening = [asyncio.create_task(widget.listen()) for widget in widgets]
        trouble = Trouble(gateway, rasa, chance)
        breaking = asyncio.create_task(trouble.make(deeds, pause))
        each = messages // patients
        await asyncio.gather(
            *(
                widget.talk(texts_of(number, each, chance), seconds / each, count)
                for number, widget in enumerate(widgets)
            )
        )
        trouble.is_over = True
        await breaking
        until = time.monotonic() + 90
        while not all_heard(gateway, widgets) and time.monotonic() < until:
            await asyncio.sleep(0.3)
        for widget in widgets:
            widget.is_over = True
        await asyncio.gather(*listening)
    return widgets, trouble


def run_all(gateway, rasa, **plan):
    """``run``, with its progress shown."""
    total = plan["messages"] // plan["patients"] * plan["patients"]
    with progress("faults", total, "messages taken", is_long=IS_LONG) as count:
        return asyncio.run(run(gateway, rasa, count, **plan))


def rows_of(gateway, query, *values):
    connection = sqlite3.connect(gateway.database, timeout=20)
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute(query, values)]
    connection.close()
    return rows


def all_heard(gateway, widgets):
    """Whether all is answered, and every stream has delivered all of it."""
    query = "SELECT count(*) AS n FROM chat_message WHERE state = 'accepted'"
    if rows_of(gateway, query)[0]["n"]:
        return False
    numbers = "SELECT id, last_number FROM chat_conversation"
    last = {row["id"]: row["last_number"] for row in rows_of(gateway, numbers)}
    return all(
        widget.seen and widget.seen[-1]["id"] >= last[widget.id.replace("-", "")]
        for widget in widgets
    )


def check(gateway, widget, *, expected=None):
    """One conversation: nothing lost, doubled or out of order. Gives the waits."""
    rows = rows_of(
        gateway,
        "SELECT * FROM chat_message WHERE conversation_id = ? ORDER BY number",
        widget.id.replace("-", ""),
    )
    # The log: numbers without gap, the patient's messages once and as they were sent.
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    said = [row for row in rows if row["author"] == "patient"]
    assert [(row["client_id"], row["text"]) for row in said] == widget.sent
    assert {row["client_id"]: row["number"] for row in said} == widget.taken
    assert {row["state"] for row in said} == {"answered"}
    # The streams: all of the log, each message once, in order.
    delivered = [(message["id"], message["text"]) for message in widget.seen]
    assert delivered == [(row["number"], row["text"]) for row in rows]
    # The answers: one to each message, in the order of the messages.
    answers = {row["id"]: [] for row in said}
    for row in rows:
        if row["answers_id"] is not None:
            answers[row["answers_id"]].append(row)
    first = []
    for message in said:
        found = answers[message["id"]]
        assert found, "a message without answer"
        check_answer(message, found, expected)
        if DANGER not in message["text"]:  # which overtakes what waits
            first.append(found[0]["number"])
    assert first == sorted(first)
    return [waited(message, answers[message["id"]][0]) for message in said]


def check_answer(message, found, expected):
    """That an answer is whole, belongs to its message and was given once."""
    texts = [row["text"] for row in found]
    assert len(set(texts)) == len(texts), "an answer twice"
    numbers = [row["number"] for row in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if DANGER in message["text"]:
        assert {row["route"] for row in found} == {"crisis"}
        assert len({row["version"] for row in found if row["response"]}) == 1
    elif expected is not None:
        # What Rasa says, whole, or the fallback; and the quiet line after a crisis.
        by_rasa = [row["text"] for row in found if row["response"] == RASA_SAYS]
        others = {row["response"] for row in found} - {RASA_SAYS, None}
        assert by_rasa in ([], expected(message["text"]))
        assert others == (set() if by_rasa else {FALLBACK_RESPONSE})


def waited(message, answer):
    sent, answered = (
        datetime.fromisoformat(row["sent_at"]) for row in (message, answer)
    )
    return (answered - sent).total_seconds()


def finish(name, gateway, widgets, trouble, *, expected=None):
    """Checks everything and shows the figures."""
    waits = [
        wait for widget in widgets for wait in check(gateway, widget, expected=expected)
    ]
    urgent = sum(DANGER in text for widget in widgets for _, text in widget.sent)
    alerts = rows_of(
        gateway,
        "SELECT message_id FROM chat_alert WHERE message_id IS NOT NULL",
    )
    assert len({row["message_id"] for row in alerts}) == len(alerts) == urgent
    query = (
        "SELECT count(DISTINCT answers_id) AS n FROM chat_message WHERE response = ?"
    )
    fallbacks = rows_of(gateway, query, FALLBACK_RESPONSE)[0]["n"]
    done = sum((widget.counts for widget in widgets), trouble.counts)
    figures = {
        "messages": len(waits),
        "lost, double, out of order": 0,
        **{deed: done[deed] for deed in sorted(done)},
        "fallbacks": fallbacks,
        "alerts": urgent,
        "wait p50 s": round(percentile(waits, 50), 2),
        "wait p95 s": round(percentile(waits, 95), 2),
        "longest wait s": round(max(waits), 2),
    }
    report(name, [{"what": key, "count": value} for key, value in figures.items()])
    return figures


def test_nothing_is_lost_while_servers_are_killed(tmp_path):
    rasa = FakeRasaProcess().start()
    gateway = RestartedGateway(tmp_path, rasa.port).start()
    try:
        widgets, trouble = run_all(
            gateway,
            rasa,
            patients=20 if IS_LONG else 6,
            messages=MESSAGES,
            seconds=200 if IS_LONG else 25,
            deeds=["gateway", "gateway", "rasa", "rasa", "both"],
            pause=2 if IS_LONG else 1,
        )
    finally:
        gateway.stop()
        rasa.stop()

    figures = finish("faults", gateway, widgets, trouble, expected=fake_rasa.replies_to)

    assert figures["messages"] == MESSAGES // len(widgets) * len(widgets)
    assert trouble.counts["gateway killed"] and trouble.counts["rasa killed"]


def test_nothing_is_lost_while_the_real_rasa_is_killed(tmp_path):
    rasa = RealRasa(tmp_path).start()
    gateway = RestartedGateway(tmp_path, rasa.port).start()
    try:
        widgets, trouble = run_all(
            gateway,
            rasa,
            patients=5,
            messages=100 if IS_LONG else 20,
            seconds=150 if IS_LONG else 30,
            deeds=["rasa", "both"],
            pause=2,
        )
    finally:
        gateway.stop()
        rasa.stop()

    finish("faults_real", gateway, widgets, trouble)

    assert trouble.counts["rasa killed"] and trouble.counts["both killed"]
