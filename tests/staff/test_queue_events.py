"""Live events: at once, to who may read, without text, until the session ends."""

import asyncio
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager

import pytest

from frontdesk.chat import fanout as fanout_module
from frontdesk.chat.fanout import Fanout, RedisFanout
from frontdesk.chat.limits import stream_slots
from frontdesk.chat.staff_news import STAFF
from tests.frontdesk.gateway_for_tests import CERTAIN, HAND_OFF, Events, wait_until
from tests.frontdesk.run_async import run
from tests.frontdesk.test_fanout import FakeRedis
from tests.staff.queue_for_tests import alert, do, ticket

EVENTS = "/staff/events"


@contextmanager
def _events(member):
    cookies = "; ".join(
        f"{name}={value}" for name, value in member.http.cookies.items()
    )
    stream = Events(member.url + EVENTS, {"Cookie": cookies})
    try:
        wait_until(lambda: stream.seen)
        time.sleep(0.2)
        stream.seen.clear()
        yield stream
    finally:
        stream.close()


def _threads_of_requests():
    """Those that middlewares and views run in; ours have names of their own."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("ThreadPoolExecutor")]


def _heard(stream, name, **data):
    return any(
        each["event"] == name and data.items() <= each["data"].items()
        for each in list(stream.seen)
    )


def test_crisis_message_of_a_patient_is_heard_within_a_second(people, patient):
    with _events(people.viewer) as stream:
        began = time.monotonic()
        patient.say(CERTAIN)
        wait_until(lambda: _heard(stream, "queue"))
        took = time.monotonic() - began
        wait_until(lambda: _heard(stream, "conversation", id=str(patient.id)))

    assert took < 1
    assert "988" not in str(stream.seen) and CERTAIN not in str(stream.seen)


def test_an_open_stream_keeps_no_thread(people):
    """A hundred colleagues would be a hundred threads that do nothing."""
    before = len(_threads_of_requests())
    with ExitStack() as streams:
        for _ in range(4):
            streams.enter_context(_events(people.viewer))
        wait_until(lambda: len(_threads_of_requests()) <= before, 2)


def test_what_patients_do_is_heard(people, patient, rasa):
    rasa.say(HAND_OFF)
    number = {"name": "Ann", "phone": "555 010 0142"}
    here = {"id": str(patient.id)}

    def refused():
        return patient.http.post("/chat/messages", json={"text": CERTAIN})

    def erase():
        return patient.http.delete("/chat/session", headers=patient.headers)

    # fmt: off
    steps = [
        (lambda: patient.say("how much may i take"),             "queue", {}),
        (lambda: patient.post("/chat/typing", {"typing": True}), "conversation",
                                                           here | {"typing": True}),
        (lambda: patient.post("/chat/contact", number),          "queue", {}),
        (refused,                                                "queue", {}),
        (erase,                                                  "queue", {}),
    ]
    # fmt: on
    with _events(people.viewer) as stream:
        for step, name, data in steps:
            stream.seen.clear()
            step()
            wait_until(lambda: _heard(stream, name, **data), 3)  # noqa: B023
            time.sleep(0.3)


def test_that_a_patient_comes_and_goes_is_heard(people, patient):
    with _events(people.viewer) as stream:
        with patient.stream():
            wait_until(lambda: _heard(stream, "conversation", id=str(patient.id)))
            time.sleep(0.3)
            stream.seen.clear()
        wait_until(lambda: _heard(stream, "conversation", id=str(patient.id)))


def test_what_a_colleague_does_is_heard(people):
    handed = ticket("dosing")
    with _events(people.viewer) as stream:
        do(people.responder, "claim", handed)
        wait_until(lambda: _heard(stream, "queue"))


def test_answer_that_is_no_matter_of_staff_says_nothing_of_the_queue(people, patient):
    with _events(people.viewer) as stream:
        patient.say("how much is it?")
        patient.replies()
        wait_until(lambda: _heard(stream, "conversation", id=str(patient.id)))
        time.sleep(0.3)

    assert not _heard(stream, "queue")


def test_stream_ends_when_the_person_signs_out(people, change):
    change(HEARTBEAT_SECONDS=0.3)
    member = people.new("viewer")
    with _events(member) as stream:
        wait_until(lambda: _heard(stream, "here", seconds=0.3))
        member.sign_out()
        wait_until(lambda: stream.is_over)

    assert stream.seen[-1]["event"] == "signed_out"


def test_stream_ends_when_access_ends(people, change):
    change(HEARTBEAT_SECONDS=0.3)
    member = people.new("viewer")
    with _events(member) as stream:
        member.person.is_active = False
        member.person.save()
        wait_until(lambda: stream.is_over)


def test_nobody_listens_without_signing_in(people):
    answer = people.visitor().get(EVENTS)

    assert answer.status_code == 302
    assert "/staff/account/login/" in answer.headers["Location"]


def test_one_person_has_so_many_streams_and_no_more(people, change):
    from django.conf import settings

    member = people.new("viewer")
    before = stream_slots().total
    change(LIMITS={**settings.LIMITS, "streams_session": 1})
    with _events(member):
        assert member.get(EVENTS).status_code == 429
    wait_until(lambda: stream_slots().total == before)


def test_streams_end_with_the_process(people):
    with _events(people.viewer) as stream:
        fanout_module.fanout().end_streams()
        wait_until(lambda: stream.is_over)


def test_stream_holds_no_database_connection(people):
    """The thread of the request would keep its own as long as the page is open."""
    from frontdesk.inbox import events

    closed = []

    class Noting:
        def close(self):
            closed.append(True)

    real, events.connection = events.connection, Noting()
    try:
        with _events(people.viewer):
            pass
    finally:
        events.connection = real
    assert closed


def test_news_of_one_conversation_are_one_piece_of_news():
    async def scene():
        fanout, key = Fanout(), uuid.uuid4()
        with fanout.subscribe_staff() as page:
            for _ in range(50):
                await fanout.publish(key, {})
                await fanout.publish(key, {"state": "typing", "author": "bot"})
            news = await page.wait(1)
            nothing = await page.wait(0.01)
            await fanout.publish(key, {"state": "handoff", "reason": "dosing"})
            handed = await page.wait(1)
            typing = {"state": "typing", "author": "patient", "typing": True}
            await fanout.publish(key, typing)
            await fanout.publish(STAFF, {"queue": True})
            last = await page.wait(1)
        return str(key), news, nothing, handed, last

    key, news, nothing, handed, last = run(scene())

    assert (news.conversations, news.queue, news.typing) == ({key}, False, {})
    assert not nothing
    assert handed.queue
    assert (last.queue, last.typing) == (True, {key: True})


def test_page_that_is_far_behind_looks_at_everything():
    async def scene():
        fanout = Fanout()
        with fanout.subscribe_staff() as page:
            for _ in range(2000):
                await fanout.publish(uuid.uuid4(), {})
            return await page.wait(1)

    news = run(scene())

    assert news.queue
    assert len(news.conversations) <= 500


@pytest.mark.parametrize("role", ["viewer", "responder", "administrator"])
def test_alert_of_a_colleague_is_heard_by_every_role(people, role):
    raised = alert("crisis", "abuse")
    with _events(people[role]) as stream:
        do(people.clinician, "acknowledge", raised)
        wait_until(lambda: _heard(stream, "queue"))


class _Redis(FakeRedis):
    """With keys too."""

    def __init__(self):
        super().__init__()
        self.keys = {}

    async def set(self, name, value, ex):
        self.keys[name] = value

    async def mget(self, names):
        if self.is_down:
            raise ConnectionError
        return [self.keys.get(name) for name in names]


def test_other_processes_hear_of_the_queue_and_of_who_is_there():
    async def scene():
        redis = _Redis()
        here, there = (RedisFanout("redis://127.0.0.1:1/0") for _ in range(2))
        here._redis = there._redis = redis
        await there.start()
        key, nobody = uuid.uuid4(), uuid.uuid4()
        with there.subscribe_staff() as page, here.presence(key):
            await asyncio.sleep(0.05)
            page.take()
            here.note_present(key)
            await here.publish(STAFF, {"queue": True})
            await here.publish(key, {})
            await asyncio.sleep(0.05)
            heard = page.take()
            found = await there.present([key, nobody])
            redis.is_down = True
            in_the_dark = await there.present([key, nobody]), await here.present([key])
        await there.stop()
        return key, heard, found, in_the_dark

    key, heard, found, in_the_dark = run(scene())

    assert heard.queue and heard.conversations == {str(key)}
    assert found == {key}
    assert in_the_dark == (set(), {key})
