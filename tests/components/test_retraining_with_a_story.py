"""The promise: a new story changes what happens, there and in similar conversations.

Rasa trains twice on the project's own config, domain, rules and stories, the second
time with new stories. Without NLU: what is understood is not in question here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.core.agent import Agent
from rasa.model_training import train
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.topics import response_of, route_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    # Texts are in data/responses, not in the domain: docs/decisions/0003.
    pytest.mark.filterwarnings("ignore:Action 'utter_:UserWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = Domain.load(str(ROOT / "domain.yml"))
NEW_STORIES = """
version: "3.1"
stories:
- story: wants more on side effects, says no and is offered a time
  steps:
  - intent: ask_side_effects
  - action: utter_side_effects
  - intent: more_detail
  - action: utter_more_detail
  - intent: deny
  - action: utter_booking

- story: asks about side effects, then whether it is a bot, and is told of people
  steps:
  - intent: ask_side_effects
  - action: utter_side_effects
  - intent: bot_challenge
  - action: utter_human
"""
# Another story of the project says: how well it works, no, utter_deny.
DISAGREEING_STORY = """
version: "3.1"
stories:
- story: says no to the side effects and is offered a time
  steps:
  - intent: ask_side_effects
  - action: utter_side_effects
  - intent: deny
  - action: utter_booking
"""
BEGINNINGS = (
    (),
    ("ask_cost",),
    ("ask_side_effects",),
    ("ask_side_effects", "more_detail"),
    ("ask_side_effects", "more_detail", "deny"),
    ("ask_preparation", "bot_challenge"),
)
FOR_STAFF = [
    intent
    for intent in sorted(DOMAIN.intents)
    if route_of(intent) in ("emergency", "crisis", "medical", "admin")
]


class Trained:
    """A dialogue model, asked what it would do."""

    def __init__(self, folder, new_stories):
        files = [str(ROOT / "data" / part) for part in ("rules", "stories")]
        if new_stories:
            (folder / "new_story.yml").write_text(new_stories)
            files.append(str(folder / "new_story.yml"))
        result = train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=files,
            output=str(folder),
            force_training=True,
            core_additional_arguments={"augmentation_factor": 0},
        )
        self.processor = Agent.load(result.model).processor

    def acts(self, *intents):
        """The actions in answer to the last of some messages."""
        tracker = DialogueStateTracker.from_events("test", [], slots=DOMAIN.slots)
        tracker.update(ActionExecuted("action_listen"), DOMAIN)
        actions = []
        for intent in intents:
            tracker.update(
                UserUttered("text", {"name": intent, "confidence": 1.0}), DOMAIN
            )
            actions = list(self._turn(tracker))
        return actions

    def _turn(self, tracker):
        for _ in range(5):
            scores = self.processor.predict_next_with_tracker(tracker)["scores"]
            action = max(scores, key=lambda entry: entry["score"])["action"]
            tracker.update(ActionExecuted(action), DOMAIN)
            if action == "action_listen":
                return
            yield action
        raise AssertionError("the turn does not end")


def _trained(tmp_path_factory, new_stories=None):
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RASA_CACHE_DIRECTORY", str(folder / "cache"))
        return Trained(folder, new_stories)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return _trained(tmp_path_factory)


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    return _trained(tmp_path_factory, NEW_STORIES)


@pytest.fixture(scope="module")
def disagreeing(tmp_path_factory):
    return _trained(tmp_path_factory, DISAGREEING_STORY)


# fmt: off
CHANGED = [
    # in the conversation of the story
    (("ask_side_effects", "more_detail", "deny"), "utter_deny", "utter_booking"),
    (("ask_side_effects", "bot_challenge"), "utter_bot_challenge", "utter_human"),
    # and in similar ones: another topic, another beginning
    (("ask_preparation", "more_detail", "deny"), "utter_deny", "utter_booking"),
    (("ask_cost", "more_detail", "deny"), "utter_deny", "utter_booking"),
    (("greet", "ask_history", "more_detail", "deny"), "utter_deny", "utter_booking"),
    (("ask_preparation", "bot_challenge"), "utter_bot_challenge", "utter_human"),
    (("ask_history", "bot_challenge"), "utter_bot_challenge", "utter_human"),
    (("greet", "ask_cost", "bot_challenge"), "utter_bot_challenge", "utter_human"),
]
UNCHANGED = [
    # what only looks similar stays
    (("ask_effectiveness", "deny"), "utter_deny"),
    (("admin_hours_location", "deny"), "utter_deny"),
    (("ask_preparation", "deny"), "utter_deny"),
    (("deny",), "utter_deny"),
    (("ask_side_effects", "more_detail"), "utter_more_detail"),
    (("ask_side_effects", "more_detail", "thanks"), "utter_thanks"),
    (("bot_challenge",), "utter_bot_challenge"),
    (("greet", "bot_challenge"), "utter_bot_challenge"),
    (("ask_side_effects", "follow_up"), "utter_side_effects"),
]
# fmt: on


@pytest.mark.parametrize(("talk", "old", "new"), CHANGED)
def test_new_story_changes_what_happens(before, after, talk, old, new):
    assert before.acts(*talk) == [old]
    assert after.acts(*talk) == [new]


@pytest.mark.parametrize(("talk", "action"), UNCHANGED)
def test_everything_else_stays(before, after, talk, action):
    assert before.acts(*talk) == [action]
    assert after.acts(*talk) == [action]


@pytest.mark.parametrize("intent", FOR_STAFF)
def test_safety_and_hand_off_stay(before, after, intent):
    for beginning in BEGINNINGS:
        actions = after.acts(*beginning, intent)

        assert actions[0] == response_of(intent)
        assert ("action_hand_off" in actions) == (route_of(intent) == "medical")
        assert actions == before.acts(*beginning, intent)


def test_stories_that_disagree_each_keep_their_own_conversation(disagreeing):
    """Elsewhere the intent's own answer is given: no guess between the two."""
    assert disagreeing.acts("ask_side_effects", "deny") == ["utter_booking"]
    assert disagreeing.acts("ask_effectiveness", "deny") == ["utter_deny"]
    assert disagreeing.acts("ask_preparation", "deny") == ["utter_deny"]
