"""Patients for the load test, run by locust in a process of their own.

``python -m tests.load.patients '<plan as JSON>'`` prints what they saw as JSON. Speaks
to 127.0.0.1 alone, and stops by itself.
"""

import locust  # isort: skip - first of all: it makes sockets wait in greenlets

import http.client
import json
import random
import sys
import time
from dataclasses import dataclass, field

import gevent
from gevent.event import Event
from locust import User, task
from locust.env import Environment

HOST = "127.0.0.1"
SECONDS_BETWEEN_MESSAGES = 5.0  # of one talker, on average: below the session's limit
MESSAGES_OF_A_CONVERSATION = 8
SECONDS_FOR_A_REPLY = 15.0
STREAMS_A_SECOND = 50
LAST_CHUNK = b"0\r\n"
SECONDS_TO_SETTLE = 15.0  # until what the opening has caused is over


@dataclass
class Plan:
    """What is to be done: ``gateway`` or ``assistant`` alone."""

    target: str
    port: int
    token: str  # of the Rasa server
    streams: int
    rate: float
    seconds: float
    texts: list
    seed: int = 1

    @property
    def talkers(self):
        return max(1, round(self.rate * SECONDS_BETWEEN_MESSAGES))


@dataclass
class Seen:
    """Milliseconds and errors, of what began while it was measured."""

    began: float = 0.0
    until: float = 0.0
    post: list = field(default_factory=list)
    reply: list = field(default_factory=list)
    urgent: list = field(default_factory=list)
    errors: dict = field(default_factory=dict)
    events: int = 0
    streams_lost: int = 0
    processor: float = 0.0  # cores in use by the patients themselves

    def counts(self, started):
        return self.began <= started < self.until

    def error(self, what):
        self.errors[what] = self.errors.get(what, 0) + 1


class Connection:
    """Keeps one connection; opens a new one where the server has closed it."""

    def __init__(self, port, headers):
        self.headers = headers
        self._http = http.client.HTTPConnection(HOST, port, timeout=30)

    def call(self, method, path, body=None):
        content = None if body is None else json.dumps(body)
        for is_last in (False, True):
            try:
                self._http.request(method, path, content, self.headers)
                answer = self._http.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self._http.close()
                if is_last:
                    raise
        raise AssertionError

    def close(self):
        self._http.close()


class Base(User):
    abstract = True
    plan = seen = None

    def on_start(self):
        self.random = random.Random(f"{self.plan.seed} {id(self)}")
        number = self.random.getrandbits(24)
        # Each patient comes from an address of their own.
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        self.headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": address,
        }
        # All through the gap, not as they were made: that would be waves.
        self.due = time.monotonic() + self.random.uniform(0, SECONDS_BETWEEN_MESSAGES)
        gevent.sleep(self.due - time.monotonic())

    def wait_time(self):
        """Messages keep their rate, however long the replies take."""
        gap = SECONDS_BETWEEN_MESSAGES
        self.due += self.random.uniform(0.8 * gap, 1.2 * gap)
        return max(0.0, self.due - time.monotonic())

    def text(self):
        return self.random.choice(self.plan.texts)


class Visitor(Base):
    """A session of the gateway with an open stream; says nothing."""

    abstract = True

    def on_start(self):
        super().on_start()
        self.connection = Connection(self.plan.port, self.headers)
        self.open_session()

    def open_session(self):
        _, content = self.connection.call("GET", "/chat/config")
        version = json.loads(content)["consent"]["version"]
        body = {"consent_version": version}
        status, content = self.connection.call("POST", "/chat/sessions", body)
        if status != 201:
            self.seen.error(f"session {status}")
            gevent.sleep(1)
            return self.open_session()
        opened = json.loads(content)
        self.connection.headers = {
            **self.headers,
            "Authorization": f"Bearer {opened['token']}",
        }
        self.replies, self.news, self.is_open = [], Event(), True
        self.reader = gevent.spawn(self.listen, self.connection.headers)
        return None

    def listen(self, headers):
        http_connection = http.client.HTTPConnection(HOST, self.plan.port, timeout=60)
        try:
            http_connection.request("GET", "/chat/stream", headers=headers)
            answer = http_connection.getresponse()
            if answer.status != 200:
                self.seen.error(f"stream {answer.status}")
                return
            # Line by line as they come: every event is a chunk of its own or in one.
            while (line := answer.fp.readline()) not in (b"", LAST_CHUNK):
                if line.startswith(b"data: "):
                    self.hear(json.loads(line[6:]))
        except (http.client.HTTPException, OSError) as error:
            if self.is_open:
                self.seen.error(f"stream {type(error).__name__}")
        finally:
            self.seen.streams_lost += self.is_open
            http_connection.close()

    def hear(self, event):
        self.seen.events += 1
        if event.get("author") == "bot" and "id" in event:  # a state has none
            self.replies.append((event["id"], time.monotonic()))
            self.news.set()

    def close(self):
        self.is_open = False
        self.reader.kill()


class Idle(Visitor):
    """One of the many who only have the page open."""

    def wait_time(self):
        return 3600

    @task
    def nothing(self):
        pass


class Talker(Visitor):
    """Writes, and waits for the reply on the stream."""

    said = 0

    @task
    def say(self):
        if self.said == MESSAGES_OF_A_CONVERSATION:
            self.close()
            self.connection.headers, self.said = self.headers, 0
            self.open_session()
        self.said += 1
        started = time.monotonic()
        body = {"client_id": f"m-{self.random.getrandbits(60)}", "text": self.text()}
        counts = self.seen.counts(started)
        try:
            status, content = self.connection.call("POST", "/chat/messages", body)
        except (http.client.HTTPException, OSError) as error:
            return self.seen.error(f"POST {type(error).__name__}")
        took = time.monotonic() - started
        if status != 200:
            return self.seen.error(f"POST {status}")
        accepted = json.loads(content)
        heard = self.reply_to(accepted["message"]["id"], started)
        if not counts:
            return None
        self.seen.post.append(took * 1000)
        if heard is None:
            return self.seen.error("no reply")
        urgent = bool(accepted["replies"])
        (self.seen.urgent if urgent else self.seen.reply).append(
            (heard - started) * 1000
        )
        return None

    def reply_to(self, number, started):
        """When the first bubble behind a message came over the stream."""
        while True:
            self.news.clear()
            for known, at in self.replies:
                if known > number:
                    self.replies.clear()
                    return at
            left = started + SECONDS_FOR_A_REPLY - time.monotonic()
            if left <= 0 or not self.news.wait(left):
                return None


class Alone(Base):
    """Asks the Rasa server as the gateway does, without the gateway."""

    said = 0

    def on_start(self):
        super().on_start()
        self.conversation = f"load-{self.random.getrandbits(60)}"
        headers = self.headers | {"Authorization": f"Bearer {self.plan.token}"}
        self.connection = Connection(self.plan.port, headers)

    @task
    def ask(self):
        if self.said == MESSAGES_OF_A_CONVERSATION:
            self.conversation, self.said = f"load-{self.random.getrandbits(60)}", 0
        self.said += 1
        body = {"conversation": self.conversation, "text": self.text()}
        started = time.monotonic()
        try:
            path = "/webhooks/frontdesk/message"
            status, content = self.connection.call("POST", path, body)
        except (http.client.HTTPException, OSError) as error:
            return self.seen.error(f"POST {type(error).__name__}")
        if not self.seen.counts(started):
            return None
        if status != 200:
            return self.seen.error(f"POST {status}")
        routes = {message["route"] for message in json.loads(content)["messages"]}
        took = (time.monotonic() - started) * 1000
        urgent = routes & {"crisis", "emergency"}
        (self.seen.urgent if urgent else self.seen.reply).append(took)
        return None


def run(plan):
    """Carries a plan out; what was seen."""
    seen = Seen()
    Base.plan, Base.seen = plan, seen
    talkers = Talker if plan.target == "gateway" else Alone
    kinds = {talkers: plan.talkers}
    if plan.target == "gateway":
        kinds[Idle] = plan.streams
    for kind, count in kinds.items():
        kind.fixed_count = count
    environment = Environment(user_classes=list(kinds), stop_timeout=0)
    runner = environment.create_local_runner()
    total = sum(kinds.values())
    quick = min(STREAMS_A_SECOND, max(1, plan.talkers / SECONDS_BETWEEN_MESSAGES * 4))
    runner.start(total, spawn_rate=STREAMS_A_SECOND if len(kinds) > 1 else quick)
    while runner.user_count < total:
        gevent.sleep(0.1)
    gevent.sleep(SECONDS_TO_SETTLE)
    seen.began = time.monotonic()
    seen.until = seen.began + plan.seconds
    print("measuring", flush=True)
    used = time.process_time()
    gevent.sleep(plan.seconds)
    seen.processor = round((time.process_time() - used) / plan.seconds, 2)
    gevent.sleep(3)  # for the last replies
    return seen


def main():
    plan = Plan(**json.loads(sys.argv[1]))
    seen = run(plan)
    report = {key: value for key, value in vars(seen).items() if key != "until"}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
    del locust
    # Streams that are still open need no farewell.
    sys.stdout.flush()
    import os

    os._exit(0)
