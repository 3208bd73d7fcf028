"""Whatever happens in whatever order: no bot text between join and leave.

A state machine on the real database, with a Rasa that answers when the machine says
so: a person may join while it thinks. ``TAKEOVER_STEPS=10000`` (``make takeover``) does
many steps, a run of all tests a few.
"""

import asyncio
import itertools
import os
import uuid
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

from tests.frontdesk.gateway_for_tests import staff_member  # isort: skip

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clinic.topics import URGENT_ROUTES
from frontdesk.chat import (
    answering,
    database,
    erasure,
    intake,
    message_log,
    statements,
    stream,
    takeover,
    takeover_ends,
)
from frontdesk.chat.arrival import Danger
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Alert, Conversation, Message, Takeover
from frontdesk.chat.rasa_client import RasaError, Reply
from safety.danger_detector import Verdict

IS_LONG = "TAKEOVER_STEPS" in os.environ
STEPS = int(os.environ.get("TAKEOVER_STEPS") or 300)
A_RUN = 40  # steps in one conversation, at most
NAMES = ("Maria", "Ben", "Maria")  # two of them are named alike
FAQ = Bubble("It costs what it costs.", route="faq", topic="cost")
CRISIS = Bubble("Call or text 988.", route="crisis", topic="self_harm")
HAND_OFF = Bubble("We pass this on.", route="medical", topic="dosing", handoff="dosing")
REPLIES = [[FAQ], [FAQ, FAQ], [HAND_OFF], [CRISIS]]
MIXED = [[CRISIS, FAQ], [FAQ, CRISIS], [HAND_OFF, CRISIS]]
WHO = st.sampled_from([0, 0, 0, 1, 2])  # mostly the one who is there
DANGERS = {
    "calm": Verdict(),
    "certain": Verdict("alarm", "crisis", "self_harm", "certain"),
    "suspected": Verdict("alarm", "crisis", "self_harm", "phrase", ("p-1",)),
    "overdose": Verdict("alarm", "emergency", "overdose", "model"),
}
end_the_overdue = takeover_ends.end_the_overdue
counted = Counter()


class SlowRasa:
    """Answers when it is told to."""

    def __init__(self):
        self.asked = []

    async def ask(self, conversation_id, *, text, button="", seconds):
        answer = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        return await answer

    async def tell(self, conversation_id, text):
        pass

    async def forget(self, conversation_id):
        pass


class Takeovers(RuleBasedStateMachine):
    """One conversation, three people, one patient."""

    def __init__(self):
        super().__init__()
        self.loop = world.loop
        self.people = world.people
        self.seen = 0  # number of the last message the patient's page has
        self.shown = []
        self.checked, self.inside = 0, ""  # up to where, and who was there
        self.is_erased = False

    @initialize()
    def begin(self):
        world.restart()
        watch_for_long()
        now = timezone.now()
        # What conversations before this one have left undone is not seen to here.
        Message.objects.filter(state="accepted").update(state="answered")
        Takeover.objects.filter(ended_at=None).update(ended_at=now, end="over")
        self.conversation = Conversation.objects.create(
            token_hash=uuid.uuid4().hex,
            consent_version="1",
            expires_at=now + timedelta(days=7),
        )
        self.id = self.conversation.pk

    # --- The patient -----------------------------------------------------------
    @rule(danger=st.sampled_from([*DANGERS]))
    def patient_says(self, danger):
        self.patient_writes(danger)

    def patient_writes(self, danger):
        self.count("patient writes")
        written = intake.Written(uuid.uuid4().hex, f"I say something {danger}.")
        verdict = Danger(DANGERS[danger])
        task = self.loop.create_task(world.answering.take_in(self.id, written, verdict))
        self.settle()
        if danger == "suspected" and not task.done():
            # The answer waits for Rasa, which may contradict.
            self.answer([FAQ])
        error = task.exception() if task.done() else None
        if error and not self.is_erased:
            raise error

    @rule()
    def patient_asks(self):
        self.patient_writes("calm")

    @rule()
    def page_reconnects(self):
        """The patient's page comes back, and asks for what it has not seen."""
        self.count("reconnect")
        for message in self.wait_for(
            database.read(statements.after, self.id, self.seen)
        ):
            assert message.number == self.seen + 1, "a gap"
            self.seen = message.number
            self.shown.append(message)
        events = stream.events(self.id, self.seen)
        self.wait_for(anext(events))
        standing = (
            self.wait_for(asyncio.wait_for(anext(events), 5)) if self.there() else ""
        )
        assert ("taken_over" in standing) == bool(self.there())
        self.wait_for(events.aclose())

    @precondition(lambda self: self.seen > 8 and not self.is_erased)
    @rule()
    def patient_erases(self):
        self.count("erase")
        self.wait_for(database.write(erasure.erase, self.id))
        self.is_erased = True

    # --- Rasa ------------------------------------------------------------------
    @precondition(lambda self: self.waiting())
    @rule(reply=st.sampled_from([*MIXED, *REPLIES, None]))
    def rasa_answers(self, reply):
        """Or fails."""
        self.count("Rasa answers" if reply else "Rasa fails")
        self.answer(reply)

    @precondition(lambda self: self.waiting())
    @rule(reply=st.sampled_from(MIXED))
    def rasa_answers_with_more_than_crisis_text(self, reply):
        self.count("Rasa answers with more")
        self.answer(reply)

    # --- Staff -----------------------------------------------------------------
    @rule(who=WHO)
    def staff_joins(self, who):
        self.count("join")
        before = self.there()
        try:
            self.wait_for(takeover.join(self.id, self.people[who]))
        except takeover.TakenOverError as error:
            assert before and before.person_id != self.people[who].pk
            assert before.name in str(error)
        except takeover.TakeoverError:
            assert self.is_erased
        else:
            assert self.there().person_id == self.people[who].pk
            if before is None and self.waiting():
                counted["joined while Rasa was thinking"] += 1

    @rule(who=WHO)
    def staff_writes(self, who):
        self.count("staff writes")
        before = self.there()
        try:
            self.wait_for(takeover.say(self.id, self.people[who], "Hello."))
        except takeover.NotThereError:
            assert before is None or before.person_id != self.people[who].pk
        else:
            assert before.person_id == self.people[who].pk

    @rule(who=WHO, outcome=st.sampled_from(["", "answered"]))
    def staff_leaves(self, who, outcome):
        self.count("leave")
        before = self.there()
        self.wait_for(takeover.leave(self.id, self.people[who], outcome))
        is_theirs = before is not None and before.person_id == self.people[who].pk
        assert self.there() is None if is_theirs else self.there() == before

    @rule(who=WHO, types=st.booleans())
    def staff_is_there(self, who, types):
        """Types, or has the page open."""
        self.count("typing" if types else "heartbeat")
        if not types:
            self.wait_for(takeover.is_here(self.id, self.people[who]))
            return
        try:
            self.wait_for(takeover.typing(self.id, self.people[who]))
        except takeover.NotThereError:
            assert not self.is_in(who)

    @precondition(lambda self: self.there())
    @rule(seconds=st.sampled_from([5, 40, 61, 400, 601]), is_open=st.booleans())
    def time_passes(self, seconds, is_open):
        """The browser of staff is closed meanwhile; or open, and nobody writes."""
        self.count("time passes")
        there, past = self.there(), timedelta(seconds=seconds)
        there.active_at -= past
        there.seen_at -= timedelta(0) if is_open else past
        there.save()

    # --- The house -------------------------------------------------------------
    @rule()
    def ends_are_looked_for(self):
        self.count("expiry")
        before, now = self.there(), timezone.now()
        self.wait_for(end_the_overdue())
        if before is None:
            return
        is_idle = now - before.active_at >= settings.TAKEOVER_IDLE
        is_lost = now - before.seen_at >= settings.TAKEOVER_LOST
        before.refresh_from_db()
        if takeover_ends.watch.since > now - settings.TAKEOVER_LOST:
            is_lost = False  # nobody could have heard it
        assert bool(before.ended_at) == (is_idle or is_lost)
        if before.ended_at:
            assert before.end == ("lost" if is_lost else "idle")

    @rule(was_long_ago=st.booleans())
    def gateway_restarts(self, was_long_ago):
        """Whatever it was at is lost; who was in the conversation is there still."""
        self.count("restart")
        before = self.there()
        world.restart()
        self.wait_for(end_the_overdue())
        idle = before and timezone.now() - before.active_at >= settings.TAKEOVER_IDLE
        assert self.there() == (None if idle else before)
        self.wait_for(world.answering.recover())
        self.settle()
        if was_long_ago:
            watch_for_long()

    # --- What must hold --------------------------------------------------------
    @invariant()
    def no_bot_text_between_join_and_leave(self):
        if not hasattr(self, "id"):
            return
        for message in self.wait_for(
            database.read(statements.after, self.id, self.checked)
        ):
            self.check(message)
            self.checked = message.number
        there, name = self.there(), ""
        if there is not None:
            name = there.name
        self.conversation.refresh_from_db()
        assert self.conversation.taken_over_by == name
        assert self.is_erased or self.inside == name

    def check(self, message):
        """One message that came since the last step."""
        if message.response == "utter_taken_over":
            assert not self.inside, "joined twice"
            self.inside = message.name
        elif message.response == "utter_handed_back":
            assert self.inside == message.name, "left by somebody who was not there"
            self.inside = ""
        elif message.author == "bot" and self.inside:
            assert message.route in URGENT_ROUTES, f"talked over: {message.text}"
            counted["urgent text while a person was there"] += 1
        elif message.author == "staff":
            assert self.inside == message.name, "staff wrote without having joined"
        elif "certain" in message.text:
            routes = {reply.route for reply in message_log.replies_to(message)}
            assert "crisis" in routes, "no crisis text"
            assert Alert.objects.filter(message=message).exists()

    @invariant()
    def every_end_is_recorded(self):
        if hasattr(self, "id"):
            ended = Takeover.objects.filter(conversation=self.id).exclude(ended_at=None)
            assert not ended.filter(end="").exists()

    # --- Helpers ---------------------------------------------------------------
    def teardown(self):
        world.restart()

    def count(self, what):
        counted[what] += 1
        counted["steps"] += 1

    def wait_for(self, work):
        return self.loop.run_until_complete(work)

    def settle(self):
        """Lets the answering come to where it waits for Rasa, or for nothing."""
        self.wait_for(asyncio.wait_for(world.settled(), 30))

    def waiting(self):
        world.rasa.asked = [each for each in world.rasa.asked if not each.done()]
        return world.rasa.asked

    def answer(self, bubbles):
        provenance = {"intent": "ask_cost", "confidence": 0.9, "model": "m-1"}
        for waiting in self.waiting()[:1]:
            if bubbles is None:
                waiting.set_exception(RasaError("down"))
            else:
                waiting.set_result(Reply(list(bubbles), dict(provenance)))
            if self.there():
                counted["answered while a person was there"] += 1
                counted["with more than crisis text"] += bubbles in MIXED
        self.settle()

    def there(self):
        return takeover.current(self.id)

    def is_in(self, who):
        there = self.there()
        return there is not None and there.person_id == self.people[who].pk


def watch_for_long():
    """As if ends had been looked for all the time."""
    takeover_ends.watch.since = timezone.now() - timedelta(hours=1)
    takeover_ends.watch._looked_at = timezone.now()


class World:
    """The process around the conversations: it can be started anew."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.people = [
            staff_member("Maria"),
            staff_member("Ben"),
            type(staff_member("Ben")).objects.create_user(
                f"{uuid.uuid4().hex}@second.example", name="Maria", role="responder"
            ),
        ]
        self.rasa, self.answering = SlowRasa(), answering.Answering()

    def restart(self):
        """As after kill -9: tasks are gone, leases are still there until seen dead."""
        self.loop.run_until_complete(self.answering.stop())
        self.rasa, self.answering = SlowRasa(), answering.Answering()
        takeover_ends.watch.__init__()
        Conversation.objects.exclude(lease_holder="").update(
            lease_holder="", lease_until=None
        )

    async def settled(self):
        """Until every task waits for Rasa or is done."""
        for _ in itertools.count():
            tasks = [task for task in self.answering._tasks if not task.done()]
            asked = [each for each in self.rasa.asked if not each.done()]
            if len(asked) >= len(tasks):
                return
            await asyncio.sleep(0.001)


world = SimpleNamespace()


@pytest.fixture
def a_world(gateway, monkeypatch):
    """Everything in this process and this loop, but the gateway's own background."""
    global world
    world = World()
    monkeypatch.setattr(answering, "rasa", lambda: world.rasa)
    # A busy machine is no reason to behave differently.
    for name in ("LEASE_SECONDS", "URGENT_SECONDS", "DATABASE_SECONDS"):
        monkeypatch.setattr(settings, name, 600.0)
    # The gateway of the other tests must not see to what is left here.
    monkeypatch.setattr(answering.answering, "recover", _nothing)
    monkeypatch.setattr(takeover_ends, "end_the_overdue", _nothing)
    yield world
    world.restart()
    world.loop.close()


async def _nothing(*arguments, **options):
    """Rasa need not know."""


@pytest.mark.timeout(3600)
def test_no_bot_text_between_join_and_leave(a_world):
    counted.clear()
    settings_of_run = how(
        max_examples=max(1, min(STEPS, 1000) // (A_RUN // 2)),
        stateful_step_count=A_RUN,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=not IS_LONG,
        phases=[Phase.generate, Phase.shrink] if IS_LONG else [Phase.generate],
    )
    while counted["steps"] < (STEPS if IS_LONG else 1):
        run_state_machine_as_test(Takeovers, settings=settings_of_run)

    print(f"\n{dict(counted.most_common())}")
    assert counted["join"] and counted["restart"] and counted["Rasa answers"]
