"""Hints to streams: in process, and through a Redis that comes and goes."""

import asyncio
import json
import uuid

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk import gateway_for_tests  # isort: skip # noqa: F401

from frontdesk.chat.fanout import CHANNEL, Fanout, RedisFanout
from frontdesk.chat.models import Message
from frontdesk.chat.subscription import Subscription

STATE = {"state": "typing", "author": "bot"}


class FakeRedis:
    """A channel in memory, which can be out of order."""

    def __init__(self):
        self.queues, self.is_down = [], False

    async def publish(self, channel, line):
        assert channel == CHANNEL
        if self.is_down:
            raise ConnectionError
        for queue in self.queues:
            queue.put_nowait({"type": "message", "data": line})

    def pubsub(self):
        return FakePubSub(self)

    async def close(self):
        pass


class FakePubSub:
    def __init__(self, redis):
        self.redis, self.queue = redis, asyncio.Queue()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.redis.queues.remove(self.queue)

    async def subscribe(self, channel):
        self.redis.queues.append(self.queue)

    async def listen(self):
        while True:
            message = await self.queue.get()
            if message is None:
                raise ConnectionError
            yield message


def _redis_fanout(redis):
    fanout = RedisFanout("redis://127.0.0.1:1/0")
    fanout._redis = redis
    return fanout


def test_states_reach_all_subscriptions_of_the_conversation_only():
    async def scene():
        fanout, mine, other = Fanout(), uuid.uuid4(), uuid.uuid4()
        with (
            fanout.subscribe(mine) as one,
            fanout.subscribe(mine) as two,
            fanout.subscribe(other) as three,
        ):
            await fanout.publish(mine, STATE)
            return [await each.wait(0.05) for each in (one, two, three)]

    assert asyncio.run(scene()) == [[STATE], [STATE], []]


def test_subscription_ends_with_its_block():
    fanout, mine = Fanout(), uuid.uuid4()
    with fanout.subscribe(mine):
        pass

    assert not fanout._subscriptions


def test_slow_stream_keeps_the_newest_states():
    async def scene():
        fanout, mine = Fanout(), uuid.uuid4()
        with fanout.subscribe(mine) as one:
            for number in range(500):
                await fanout.publish(mine, {"state": "typing", "number": number})
            return await one.wait(0.05)

    states = asyncio.run(scene())
    assert len(states) == 50 and states[-1]["number"] == 499


# fmt: off
HINTS = [
    ([[4], [5, 6]],       [4, 5, 6]),
    ([[5, 6], [4]],       [4, 5, 6]),  # two tasks tell of their messages
    ([[2, 3], [4]],       [4]),        # what the stream has had already
    ([],                  []),
    ([[5]],               None),       # one is missing
    ([[4], [4]],          None),
    ([[4], []],           None),       # a hint that says nothing of what there is
    ([range(4, 60)],      None),       # more than are kept
]
# fmt: on


@pytest.mark.parametrize(("hints", "behind"), HINTS)
def test_stream_takes_over_only_what_comes_next(hints, behind):
    async def scene():
        subscription = Subscription()
        assert subscription.behind(0) is None  # nobody knows what was before
        for hint in hints:
            subscription.put({}, [Message(number=number) for number in hint])
        found = subscription.behind(3)
        return found and [message.number for message in found]

    assert asyncio.run(scene()) == behind


def test_redis_carries_states_to_other_processes_and_once_to_our_own():
    async def scene():
        redis = FakeRedis()
        here, there = _redis_fanout(redis), _redis_fanout(redis)
        await here.start()
        await there.start()
        mine = uuid.uuid4()
        with here.subscribe(mine) as one, there.subscribe(mine) as two:
            await asyncio.sleep(0.05)
            await one.wait(0.01), await two.wait(0.01)
            await here.publish(mine, STATE)
            await asyncio.sleep(0.05)
            seen = [await one.wait(0.05), await two.wait(0.05)]
        await here.stop()
        await there.stop()
        return seen

    assert asyncio.run(scene()) == [[STATE], [STATE]]


def test_without_redis_each_process_tells_its_own_streams():
    async def scene():
        redis = FakeRedis()
        redis.is_down = True
        fanout, mine = _redis_fanout(redis), uuid.uuid4()
        with fanout.subscribe(mine) as one:
            await fanout.publish(mine, STATE)
            return await one.wait(0.05)

    assert asyncio.run(scene()) == [STATE]


def test_listener_comes_back_and_has_streams_look_again(monkeypatch):
    monkeypatch.setattr("frontdesk.chat.fanout.RECONNECT_SECONDS", 0.01)

    async def scene():
        redis = FakeRedis()
        fanout, mine = _redis_fanout(redis), uuid.uuid4()
        await fanout.start()
        with fanout.subscribe(mine) as one:
            await asyncio.sleep(0.02)
            await one.wait(0.01)
            redis.queues[0].put_nowait({"type": "message", "data": b"no JSON"})
            redis.queues[0].put_nowait(None)
            await asyncio.wait_for(one._news.wait(), 1)
            line = {"from": "another", "to": str(mine), "event": STATE}
            await redis.publish(CHANNEL, json.dumps(line))
            await asyncio.sleep(0.02)
            states = await one.wait(0.05)
        await fanout.stop()
        return states

    assert asyncio.run(scene()) == [STATE]
