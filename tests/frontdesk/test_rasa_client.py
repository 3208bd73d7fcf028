"""Rasa hears of urgent messages that were answered without it, when nobody waits."""

import asyncio
import uuid
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import FAQ, FakeRasa  # isort: skip

from frontdesk.chat import rasa_client
from frontdesk.chat.waiting import waiting

PATIENT, URGENT = uuid.uuid4(), uuid.uuid4()
SLOW = 0.3


@pytest.fixture
def own_rasa():
    """One that hears nothing of other tests; slow, so that patients wait."""
    rasa = FakeRasa()
    rasa.say(FAQ, delay=SLOW)
    yield rasa
    rasa.server.shutdown()
    rasa.server.server_close()


@asynccontextmanager
async def somebody_waits(rasa):
    """A patient waits for an answer, of which Rasa has heard."""
    client = rasa_client.RasaClient(rasa.url, "token")

    async def ask():
        with waiting.patient():
            await client.ask(PATIENT, text="hello", seconds=5)

    asking = asyncio.create_task(ask())
    while not rasa.asked:
        await asyncio.sleep(0.01)
    try:
        yield client
        await asking
    finally:
        await client.close()


def heard(rasa, conversation_id=URGENT):
    return rasa.texts(SimpleNamespace(id=conversation_id))


def heard_while_somebody_waits(rasa):
    """What Rasa has been told before that patient has an answer; all is told after."""

    async def work():
        async with somebody_waits(rasa) as client:
            telling = asyncio.create_task(client.tell(URGENT, "i want to die"))
            await asyncio.sleep(SLOW / 2)
            before = heard(rasa)
            await telling
            return before

    return asyncio.run(work())


def test_rasa_is_told_as_soon_as_nobody_waits(own_rasa):
    assert heard_while_somebody_waits(own_rasa) == []
    assert heard(own_rasa) == ["i want to die"]


def test_rasa_is_told_after_a_while_though_somebody_always_waits(own_rasa, monkeypatch):
    monkeypatch.setattr(rasa_client, "SECONDS_TO_TELL", SLOW / 10)

    assert heard_while_somebody_waits(own_rasa) == ["i want to die"]


def test_who_writes_again_is_understood_with_what_was_said_before(own_rasa):
    async def work():
        async with somebody_waits(own_rasa) as client:
            tellings = [
                asyncio.create_task(client.tell(URGENT, text))
                for text in ("i want to die", "i have pills")
            ]
            await asyncio.sleep(0)
            await client.ask(URGENT, text="are you there", seconds=5)
            await asyncio.gather(*tellings)

    asyncio.run(work())

    assert heard(own_rasa) == ["i want to die", "i have pills", "are you there"]


def test_what_is_erased_is_not_told(own_rasa):
    async def work():
        async with somebody_waits(own_rasa) as client:
            telling = asyncio.create_task(client.tell(URGENT, "i want to die"))
            await asyncio.sleep(0)
            await client.forget(URGENT)
            await telling

    asyncio.run(work())

    assert own_rasa.forgotten == [str(URGENT)]
    assert heard(own_rasa) == []


def test_a_rasa_that_hangs_is_not_told_of_it_later(own_rasa, monkeypatch):
    monkeypatch.setattr(rasa_client, "SECONDS_TO_TELL", SLOW / 4)
    client = rasa_client.RasaClient(own_rasa.url, "token")

    async def work():
        await asyncio.gather(
            client.tell(PATIENT, "i have chest pain"),
            client.tell(URGENT, "i want to die"),
        )
        await client.close()

    asyncio.run(work())

    assert heard(own_rasa, PATIENT) == ["i have chest pain"]
    assert heard(own_rasa) == []
    assert not client._untold


def test_that_rasa_is_down_ends_the_wait_of_who_asks_and_loses_no_order(own_rasa):
    own_rasa.status = 503

    async def work():
        client = rasa_client.RasaClient(own_rasa.url, "token")
        try:
            await client.tell(URGENT, "i want to die")
            with pytest.raises(rasa_client.RasaError, match="503"):
                await client.ask(URGENT, text="are you there", seconds=5)
            with pytest.raises(rasa_client.RasaError, match="Timeout"):
                await client.ask(URGENT, text="hello", seconds=SLOW / 3)
        finally:
            await client.close()

    asyncio.run(work())

    assert heard(own_rasa) == ["i want to die", "are you there", "hello"]
