"""Rates in this process and in Redis, and slots for streams."""

import asyncio
import logging

import httpx
import pytest
import redis

from frontdesk.chat.limits import (
    MemoryWindows,
    RateLimiter,
    RedisWindows,
    StreamSlots,
    TooManyError,
)

from tests.frontdesk.gateway_for_tests import wait_until  # isort: skip

LIMITS = {
    "message_session": 3,
    "message_address": 5,
    "session_address": 1000,
    "streams_session": 2,
    "streams_address": 3,
    "streams": 4,
}
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture(autouse=True)
def few(change):
    change(LIMITS=LIMITS)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def hits(windows, count, key="a", most=3):
    return [windows.hit("kind", key, most) for _ in range(count)]


def test_window_moves(clock):
    windows = MemoryWindows(clock)
    assert hits(windows, 2) == [0, 0]
    clock.now += 20
    assert hits(windows, 2) == [0, 40]
    clock.now += 40
    assert hits(windows, 3) == [0, 0, 20]


def test_refused_hits_do_not_count(clock):
    windows = MemoryWindows(clock)
    hits(windows, 100)
    clock.now += 60
    assert hits(windows, 1) == [0]


def test_keys_and_kinds_have_windows_of_their_own(clock):
    windows = MemoryWindows(clock)
    hits(windows, 3)
    assert hits(windows, 1, key="b") == [0]
    assert windows.hit("another kind", "a", 3) == 0
    assert windows.hit("no kind", "a", 0) == 60


def test_what_is_past_is_forgotten(clock):
    windows = MemoryWindows(clock)
    for number in range(1000):
        windows.hit("kind", str(number), 3)
    clock.now += 61
    windows.hit("kind", "new", 3)
    assert len(windows._hits) == 1


def test_limiter_says_when_to_come_back():
    limiter = RateLimiter()

    async def hit():
        await limiter.check("message_session", "a")

    for _ in range(3):
        asyncio.run(hit())
    with pytest.raises(TooManyError) as refused:
        asyncio.run(hit())
    assert 58 <= refused.value.retry_after <= 60
    assert refused.value.kind == "message_session"


def test_no_key_is_kept_in_clear():
    limiter = RateLimiter()
    asyncio.run(limiter.check("message_address", "203.0.113.9"))
    assert "203.0.113.9" not in repr(limiter._own._hits)


def test_without_redis_each_process_counts_for_itself(caplog):
    limiter = RateLimiter(RedisWindows(NOWHERE))

    async def all_hits():
        for _ in range(3):
            await limiter.check("message_session", "a")
        with pytest.raises(TooManyError):
            await limiter.check("message_session", "a")

    with caplog.at_level(logging.WARNING, "frontdesk.chat.limits"):
        asyncio.run(all_hits())
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "REDIS_URL"
    ]


def test_front_desks_share_their_count_in_redis(redis_url):
    first, second = (RateLimiter(RedisWindows(redis_url)) for _ in range(2))

    async def all_hits():
        for limiter in (first, second, first):
            await limiter.check("message_session", "a")
        with pytest.raises(TooManyError) as refused:
            await second.check("message_session", "a")
        await second.check("message_session", "b")
        return refused.value.retry_after

    assert 55 <= asyncio.run(all_hits()) <= 60
    assert not [
        key
        for key in redis.from_url(redis_url).scan_iter()
        if not key.startswith(b"front")
    ]


def test_slots_of_a_session_an_address_and_all():
    slots = StreamSlots()
    slots.acquire("a", "x")
    slots.acquire("a", "x")
    with pytest.raises(TooManyError, match="streams_session"):
        slots.acquire("a", "x")
    slots.acquire("b", "x")
    with pytest.raises(TooManyError, match="streams_address"):
        slots.acquire("c", "x")
    slots.acquire("c", "y")
    with pytest.raises(TooManyError, match="streams: ") as refused:
        slots.acquire("d", "z")
    assert refused.value.retry_after > 0
    assert slots.total == 4


def test_a_slot_is_given_back_once():
    slots = StreamSlots()
    release = slots.acquire("a", "x")
    slots.acquire("a", "x")
    release()
    release()
    assert slots.total == 1
    with pytest.raises(RuntimeError), slots.take("a", "x"):
        raise RuntimeError
    assert slots.total == 1


def test_refused_streams_take_no_slot():
    slots = StreamSlots()
    for _ in range(2):
        slots.acquire("a", "x")
    for _ in range(5):
        with pytest.raises(TooManyError):
            slots.acquire("a", "y")
    assert slots.total == 2
    assert not slots._open["streams_address", "y"]


# --- at the door ----------------------------------------------------------------------


@pytest.fixture
def fresh_rates(monkeypatch):
    from frontdesk.chat import answers, routes_sessions

    limiter = RateLimiter()
    for module in (answers, routes_sessions):
        monkeypatch.setattr(module, "rates", lambda: limiter)


def test_messages_over_the_rate_are_refused_with_retry_after(patient, fresh_rates):
    statuses = [patient.say(f"question {number}").status_code for number in range(3)]
    refused = patient.say("one more")

    assert statuses == [200] * 3
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["error"]["code"] == "too_many"
    assert "988" in refused.json()["error"]["message"]


def test_a_dangerous_message_over_the_rate_gets_the_urgent_text(patient, fresh_rates):
    for number in range(3):
        patient.say(f"question {number}")

    refused = patient.say("i want to kill myself tonight")

    assert refused.status_code == 429
    urgent = refused.json()["error"]["urgent"]
    assert {message["route"] for message in urgent} == {"crisis"}
    assert "988" in " ".join(message["text"] for message in urgent)


def test_sessions_of_an_address_are_limited(gateway, fresh_rates, change):
    change(LIMITS=LIMITS | {"session_address": 2})
    version = httpx.get(f"{gateway.url}/chat/config").json()["consent"]["version"]
    body = {"consent_version": version}
    opened = [httpx.post(f"{gateway.url}/chat/sessions", json=body) for _ in range(3)]

    assert [answer.status_code for answer in opened] == [201, 201, 429]
    assert opened[-1].headers["Retry-After"]


def test_streams_over_the_limit_are_refused(patient):
    with patient.stream(), patient.stream():
        refused = patient.http.get("/chat/stream", headers=patient.headers)

        assert refused.status_code == 429
        assert refused.headers["Retry-After"]

    def opened():
        with patient.stream() as events:
            return events.status == 200

    wait_until(opened)
