"""Live conversations in memory: nothing lost that counts, nothing kept for ever."""

import asyncio

import pytest

from components import compat

compat.install()

from rasa.core.brokers.broker import EventBroker  # noqa: E402
from rasa.core.featurizers.tracker_featurizers import (  # noqa: E402
    MaxHistoryTrackerFeaturizer,
)
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore  # noqa: E402
from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import (  # noqa: E402
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.exceptions import InvalidConfigException  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402

from components.bounded_tracker_store import BoundedTrackerStore  # noqa: E402
from components.tracker_erasure import erase_tracker  # noqa: E402

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [greet]
actions: [utter_greet]
forms: {some_form: {required_slots: []}}
slots:
  treatment: {type: text, influence_conversation: true, mappings: [{type: custom}]}
  insurer: {type: text, mappings: [{type: custom}]}
"""
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock) -> BoundedTrackerStore:
    return BoundedTrackerStore(DOMAIN, remembered_events=40, clock=clock)


def _turn(number: int) -> list:
    return [
        UserUttered(f"hello {number}", {"name": "greet", "confidence": 1.0}),
        ActionExecuted("utter_greet"),
        BotUttered("hi"),
        ActionExecuted("action_listen"),
    ]


async def _say(store, conversation, turns, *events) -> None:
    for number in range(turns):
        tracker = await store.get_or_create_tracker(conversation)
        for event in [*events, *_turn(number)]:
            tracker.update(event, DOMAIN)
        await store.save(tracker)


def _retrieve(store, conversation):
    return asyncio.run(store.retrieve(conversation))


def test_conversation_is_the_same_as_in_rasas_own_store(store):
    own = InMemoryTrackerStore(DOMAIN)
    for each in (store, own):
        asyncio.run(_say(each, "a", 5, SlotSet("treatment", "iv")))
    ours, theirs = _retrieve(store, "a"), _retrieve(own, "a")
    texts = [[type(e), getattr(e, "text", None)] for e in ours.events]
    assert texts == [[type(e), getattr(e, "text", None)] for e in theirs.events]
    assert ours.past_states(DOMAIN) == theirs.past_states(DOMAIN)
    assert ours.current_slot_values() == theirs.current_slot_values()
    assert ours.latest_message.text == theirs.latest_message.text
    assert ours.latest_action_name == theirs.latest_action_name


def test_events_are_limited_and_begin_with_a_turn(store):
    asyncio.run(_say(store, "a", 500))
    events = list(_retrieve(store, "a").events)
    assert 32 < len(events) <= 40
    assert events[0].action_name == "action_listen"
    assert isinstance(events[1], UserUttered)
    assert events[-4].text == "hello 499"


def test_slots_and_loop_survive_the_limit(store):
    async def talk():
        await _say(store, "a", 1, SlotSet("treatment", "iv"))
        await _say(store, "a", 1, SlotSet("insurer", "aetna"), ActiveLoop("some_form"))
        await _say(store, "a", 1, SlotSet("treatment", "spravato"))
        await _say(store, "a", 200)

    asyncio.run(talk())
    tracker = _retrieve(store, "a")
    assert tracker.get_slot("treatment") == "spravato"
    assert tracker.get_slot("insurer") == "aetna"
    assert tracker.active_loop_name == "some_form"
    # Policies see states made from events, not the slots of the tracker.
    states = tracker.past_states(DOMAIN)
    assert all(state["slots"] for state in states[1:])
    assert all(state["active_loop"]["name"] == "some_form" for state in states[1:])


def test_policies_see_the_same_last_turns_with_and_without_the_limit(store):
    own = InMemoryTrackerStore(DOMAIN)
    for each in (store, own):
        asyncio.run(_say(each, "a", 100, SlotSet("treatment", "iv")))
    featurizer = MaxHistoryTrackerFeaturizer(state_featurizer=None, max_history=6)
    seen = [
        featurizer.prediction_states([_retrieve(each, "a")], DOMAIN)
        for each in (store, own)
    ]
    assert seen[0] == seen[1]


def test_unsaved_changes_are_lost_as_with_any_store(store):
    asyncio.run(_say(store, "a", 2))
    before = len(_retrieve(store, "a").events)
    tracker = _retrieve(store, "a")
    tracker.update(SlotSet("treatment", "iv"), DOMAIN)
    tracker.update(ActiveLoop("some_form"), DOMAIN)
    again = _retrieve(store, "a")
    assert len(again.events) == before
    assert again.get_slot("treatment") is None
    assert again.active_loop_name is None


def test_changes_after_saving_do_not_reach_the_store(store):
    async def talk():
        tracker = await store.get_or_create_tracker("a")
        tracker.update(SlotSet("treatment", "iv"), DOMAIN)
        await store.save(tracker)
        tracker.update(SlotSet("treatment", "spravato"), DOMAIN)

    asyncio.run(talk())
    assert _retrieve(store, "a").get_slot("treatment") == "iv"


def test_idle_conversations_are_forgotten(store, clock):
    asyncio.run(_say(store, "old", 1))
    clock.now += 5 * 3600
    asyncio.run(_say(store, "young", 1))
    clock.now += 2 * 3600
    assert _retrieve(store, "old") is None
    assert _retrieve(store, "young") is not None
    assert asyncio.run(store.keys()) == ["young"]


def test_writing_keeps_a_conversation_alive(store, clock):
    for _ in range(4):
        asyncio.run(_say(store, "a", 1))
        clock.now += 5 * 3600
    assert len(_retrieve(store, "a").events) > 12


def test_forgetting_needs_no_further_message():
    async def talk():
        store = BoundedTrackerStore(DOMAIN, idle_hours=0.05 / 3600)
        await _say(store, "a", 1)
        assert store.store
        await asyncio.sleep(1.3)
        return store.store

    assert asyncio.run(talk()) == {}


def test_longest_silent_conversation_goes_when_there_are_too_many():
    store = BoundedTrackerStore(DOMAIN, max_conversations=2)
    for conversation in ("a", "b", "a", "c"):
        asyncio.run(_say(store, conversation, 1))
    assert list(store.store) == ["a", "c"]


def test_erasing_removes_it_and_says_so(store):
    asyncio.run(_say(store, "a", 1))
    assert erase_tracker(store, "a") is True
    assert _retrieve(store, "a") is None
    assert erase_tracker(store, "a") is False
    asyncio.run(_say(store, "b", 1))


def test_last_session_is_what_a_message_sees(store):
    begin = [ActionExecuted("action_session_start"), SessionStarted()]
    asyncio.run(_say(store, "a", 1, *begin))
    asyncio.run(_say(store, "a", 1, *begin))
    full = asyncio.run(store.retrieve_full_tracker("a"))
    assert len(_retrieve(store, "a").events) < len(full.events)


def test_new_model_brings_its_slots(store):
    asyncio.run(_say(store, "a", 1, SlotSet("treatment", "iv")))
    store.domain = Domain.from_yaml(
        """
version: "3.1"
slots:
  treatment: {type: text, mappings: [{type: custom}]}
  condition: {type: text, mappings: [{type: custom}]}
"""
    )
    slots = _retrieve(store, "a").current_slot_values()
    assert slots == {
        "treatment": "iv",
        "condition": None,
        **{name: None for name in slots if name not in ("treatment", "condition")},
    }


def test_broker_gets_each_event_once(store):
    class Broker(EventBroker):
        def __init__(self):
            self.texts = []

        def publish(self, event):
            self.texts.append(event.get("text"))

    store.event_broker = Broker()
    asyncio.run(_say(store, "a", 60))
    said = [text for text in store.event_broker.texts if text and "hello" in text]
    assert said == [f"hello {number}" for number in range(60)]


def test_endpoints_file_makes_one():
    config = EndpointConfig(
        type="components.bounded_tracker_store.BoundedTrackerStore",
        remembered_events=80,
        idle_hours=2,
    )
    made = TrackerStore.create(config, DOMAIN)
    assert isinstance(made, BoundedTrackerStore)


@pytest.mark.parametrize(
    "limit", [{"remembered_events": 5}, {"idle_hours": 0}, {"max_conversations": 0}]
)
def test_limit_that_makes_no_sense_is_named(limit):
    with pytest.raises(InvalidConfigException, match=next(iter(limit))):
        BoundedTrackerStore(DOMAIN, **limit)
