"""Which agent answers whom, and what agents share; without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from components.bounded_tracker_store import BoundedTrackerStore
from components.live_agents import LiveAgent, is_made_of, model_name
from components.model_loading import view_of
from components.safety_gate import SafetyGate
from components.tracker_erasure import erase_tracker
from safety.danger_detector import detector_of_model
from safety.live_model import Live, ModelFiles, RunningModel, stamp_of


class FakeAgent:
    def __init__(self, name):
        self.name = name
        self.heard = []
        self.processor = SimpleNamespace(model_path=f"models/{name}/model.tar.gz")

    async def handle_message(self, message):
        self.heard.append(message.sender_id)


def files(name):
    return ModelFiles(name, Path("models") / name, "")


def live(share=0.0):
    return Live(1, files("old"), files("new") if share else None, share)


def test_without_a_canary_the_live_agent_answers():
    old, new = FakeAgent("old"), FakeAgent("new")
    router = LiveAgent(old)
    message = SimpleNamespace(sender_id="talk")

    asyncio.run(router.handle_message(message))
    router.use(new, live())
    asyncio.run(router.handle_message(message))

    assert (old.heard, new.heard) == (["talk"], ["talk"])
    assert router.name == "new"


def test_canary_gets_its_share_of_those_who_begin():
    old, new = FakeAgent("old"), FakeAgent("new")
    talks = [f"talk {number}" for number in range(1000)]
    begun = frozenset(talks[:500])
    router = LiveAgent(old)

    router.use(old, live(0.3), new, begun)

    chosen = [talk for talk in talks if router.agent_for(talk) is new]
    assert not begun & set(chosen)
    assert 100 < len(chosen) < 200
    assert [t for t in talks if router.agent_for(t) is new] == chosen
    router.use(old, live())
    assert {router.agent_for(talk) for talk in talks} == {old}


def test_agent_is_known_by_its_files():
    agent = FakeAgent("old")
    assert model_name(agent) == "old"
    assert is_made_of(agent, files("old"))
    assert not is_made_of(agent, files("new"))
    agent.processor.model_path = "models/20261122.tar.gz"
    assert model_name(agent) == "20261122.tar.gz"
    agent.processor = None
    assert model_name(agent) is None


def domain(*intents):
    return Domain.from_dict({"intents": list(intents)})


def test_agents_share_trackers_and_keep_their_domains():
    store = BoundedTrackerStore(domain("a"))
    wrapped = FailSafeTrackerStore(store)
    view = view_of(wrapped)
    view.domain = domain("a", "b")

    async def talk():
        tracker = DialogueStateTracker("talk", [])
        tracker.update(UserUttered("hello"))
        await wrapped.save(tracker)
        assert len((await view.retrieve("talk")).events) == 1
        tracker.update(UserUttered("again"))
        await view.save(tracker)
        assert len((await wrapped.retrieve("talk")).events) == 2
        for number in range(30):
            await view.save(DialogueStateTracker(f"talk {number}", []))
            erase_tracker(wrapped, f"talk {number}")

    asyncio.run(talk())
    assert len(store.domain.intents) < len(view.domain.intents)
    assert erase_tracker(wrapped, "talk")
    assert not view.store
    view.forget_idle()
    store.forget_idle()


def test_gate_asks_the_detector_of_the_model_being_loaded():
    mine = object()
    token = detector_of_model.set(mine)
    try:
        gate = SafetyGate.create({}, None, None, None)
    finally:
        detector_of_model.reset(token)
    assert gate._detector is mine
    assert SafetyGate.create({}, None, None, None)._detector is None


def test_running_model_says_so_until_it_ends(tmp_path):
    running = RunningModel("rasa", tmp_path)
    running.touch()
    running.say(3, "old", error="why")
    (file,) = (tmp_path / "running").iterdir()
    assert '"serial": 3' in file.read_text()
    running.close()
    running.close()
    assert not file.exists()
    assert stamp_of(tmp_path) is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_share_is_kept(share):
    count = sum(live(share).takes_canary(f"talk {n}") for n in range(4000))
    assert count == pytest.approx(4000 * share, abs=120)
