"""What may wait lets patients go first, and is done all the same."""

import asyncio
import time

import pytest

from frontdesk.chat.waiting import Waiting
from tests.frontdesk.run_async import run


@pytest.fixture
def waiting():
    return Waiting()


async def seconds_until_nobody(waiting, most):
    began = time.monotonic()
    await waiting.nobody(most)
    return time.monotonic() - began


def test_where_nobody_waits_nothing_does(waiting):
    assert run(seconds_until_nobody(waiting, 5)) < 0.1


def test_the_last_patient_counts(waiting):
    async def work():
        with waiting.patient():
            with waiting.patient():
                going = asyncio.create_task(seconds_until_nobody(waiting, 5))
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.1)
            assert not going.done()
        return await going

    assert 0.2 <= run(work()) < 1


def test_who_always_waits_is_not_waited_for(waiting):
    with waiting.patient():
        assert 0.2 <= run(seconds_until_nobody(waiting, 0.2)) < 1


def test_a_failure_ends_the_wait_too(waiting):
    with pytest.raises(LookupError), waiting.patient():
        raise LookupError

    assert run(seconds_until_nobody(waiting, 5)) < 0.1
