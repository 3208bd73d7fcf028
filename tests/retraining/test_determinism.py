"""Two trainings with the same data give the same model: same predictions, same actions.

The project's own config, domain, rules and stories, with a part of its examples.
"""

import asyncio
from pathlib import Path

import pytest
from rasa.core.agent import Agent
from rasa.model_training import train

from retraining.evaluation_sets import read_messages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:Action 'utter_:UserWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
NLU = ROOT / "data" / "nlu"
MESSAGES = 60


def _files():
    """The look-up tables and every eighth file of examples."""
    return [*sorted((NLU / "lookups").glob("*.yml")), *sorted(NLU.glob("*.yml"))[::8]]


def _trained(folder):
    result = train(
        domain=str(ROOT / "domain.yml"),
        config=str(ROOT / "config.yml"),
        training_files=[
            *map(str, _files()),
            str(ROOT / "data" / "rules"),
            str(ROOT / "data" / "stories"),
        ],
        output=str(folder),
        force_training=True,
        core_additional_arguments={"augmentation_factor": 0},
    )
    return Agent.load(result.model)


async def _seen(agent, texts):
    """All that the model says of each message."""
    seen = []
    for text in texts:
        understood = await agent.parse_message(text)
        understood.pop("message_id", None)
        await agent.handle_text(text, sender_id=text)
        tracker = await agent.tracker_store.retrieve(text)
        actions = [
            (event.action_name, event.policy, event.confidence)
            for event in tracker.events
            if event.type_name == "action"
        ]
        seen.append((understood, actions))
    return seen


def test_two_trainings_give_the_same_predictions(tmp_path):
    texts = [item.text for item in read_messages() if item.half == "choose"]
    texts = sorted(texts)[:: len(texts) // MESSAGES]

    first, second = (
        asyncio.run(_seen(_trained(tmp_path / name), texts)) for name in ("1", "2")
    )

    assert len(first) >= MESSAGES
    assert first == second
    assert len({understood["intent"]["name"] for understood, _ in first}) > 10
    assert all(len(actions) > 1 for _, actions in first)
