"""What happens next: the last policy, and the one that generalises from stories."""

from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import DEFAULT_INTENTS
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.core.training_data.story_reader.yaml_story_reader import (
    YAMLStoryReader,
)
from rasa.shared.core.training_data.structures import StoryGraph

from clinic.topics import ADMIN_TOPICS, FAQ_TOPICS, INTENT_OF, response_of
from components.intent_answer_policy import IntentAnswerPolicy, last_answer
from components.story_policy import SAFETY_PREFIXES, StoryPolicy

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = Domain.load(str(ROOT / "domain.yml"))
CONTEXT = ExecutionContext(GraphSchema({}))
RESOURCE = Resource("policy")


class Talk:
    """A conversation, turn by turn, as Rasa's tracker holds it."""

    def __init__(self):
        self.tracker = DialogueStateTracker.from_events("test", [], slots=DOMAIN.slots)
        self._add(ActionExecuted("action_listen"))

    def _add(self, event):
        self.tracker.update(event, DOMAIN)
        return self

    def says(self, intent, text="text", also=None, **entities):
        found = [{"entity": kind, "value": value} for kind, value in entities.items()]
        parsed = {"text": text, "also": also}
        return self._add(
            UserUttered(text, {"name": intent, "confidence": 1}, found, parsed)
        )

    def does(self, *actions, suggestions=None):
        for action in actions:
            self._add(ActionExecuted(action))
            if action.startswith("utter_"):
                metadata = {"suggestions": suggestions} if suggestions else {}
                self._add(BotUttered("…", metadata={"metadata": metadata}))
        return self

    def hears(self, *actions, **more):
        """The bot acts and then listens."""
        return self.does(*actions, **more).does("action_listen")

    def asked(self, topic):
        return self.says(f"ask_{topic}").hears(f"utter_{topic}")


def _decision(prediction):
    if prediction.max_confidence == 0:
        return None, 0.0
    return (
        DOMAIN.action_names_or_texts[prediction.max_confidence_index],
        prediction.max_confidence,
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    storage = LocalModelStorage(tmp_path_factory.mktemp("answers"))
    config = IntentAnswerPolicy.get_default_config()
    return IntentAnswerPolicy.create(config, storage, RESOURCE, CONTEXT)


def _answer(policy, talk):
    return _decision(policy.predict_action_probabilities(talk.tracker, DOMAIN))


# the last policy: an answer for every intent


@pytest.mark.parametrize(
    "intent",
    # The gate never lets "unclear" through; two depend on the turn before.
    sorted(
        set(DOMAIN.intents)
        - {"follow_up", "choose_suggestion", "unclear", *DEFAULT_INTENTS}
    ),
)
def test_every_intent_has_an_answer_the_domain_knows(answers, intent):
    assert _answer(answers, Talk().says(intent)) == (response_of(intent), 0.3)


def test_listens_after_the_answer(answers):
    talk = Talk().says("ask_cost").does("utter_cost")

    assert _answer(answers, talk) == ("action_listen", 0.3)


def test_listens_before_anything_was_said(answers):
    assert _answer(answers, Talk()) == ("action_listen", 0.3)


def test_unknown_intent_is_left_to_others(answers):
    assert _answer(answers, Talk().says("no_such_intent"))[0] is None


# follow-ups

# fmt: off
FOLLOW_UPS = [
    # answers before, entities, the answer
    (["cost"], {"treatment": "spravato"}, "utter_cost"),
    (["cost"], {"condition": "ptsd"}, "utter_cost"),
    (["effectiveness"], {"condition": "ptsd"}, "utter_effectiveness"),
    (["cost", "history"], {"treatment": "iv"}, "utter_history"),
    (["cost"], {}, "utter_cost"),
    (["cost"], {"insurer": "aetna"}, "utter_insurance_coverage"),
    ([], {"insurer": "aetna"}, "utter_insurance_coverage"),
    ([], {"insurer": "aetna", "treatment": "spravato"}, "utter_insurance_coverage"),
    ([], {"treatment": "spravato"}, "utter_esketamine_spravato"),
    ([], {"treatment": "at_home"}, "utter_at_home_ketamine"),
    ([], {"treatment": "iv"}, "utter_routes_of_administration"),
    ([], {"treatment": "injection"}, "utter_routes_of_administration"),
    ([], {"condition": "ptsd"}, "utter_conditions_treated"),
    ([], {"treatment": "spravato", "condition": "ptsd"}, "utter_esketamine_spravato"),
    ([], {"treatment": "acupuncture"}, "utter_not_understood"),
    ([], {"medicine": "sertraline"}, "utter_not_understood"),
    ([], {}, "utter_not_understood"),
]
# fmt: on


@pytest.mark.parametrize(("before", "entities", "expected"), FOLLOW_UPS)
def test_follow_up(answers, before, entities, expected):
    talk = Talk()
    for topic in before:
        talk.asked(topic)

    action, _ = _answer(answers, talk.says("follow_up", **entities))

    assert action == expected


def test_follow_up_refers_to_the_answer_before_small_talk(answers):
    talk = Talk().asked("cost").says("thanks").hears("utter_thanks")

    assert _answer(answers, talk.says("follow_up"))[0] == "utter_cost"


def test_follow_up_to_a_front_desk_answer(answers):
    talk = Talk().says("admin_hours_location").hears("utter_hours_location")

    assert _answer(answers, talk.says("follow_up"))[0] == "utter_hours_location"


def test_follow_up_after_a_hand_off_has_nothing_to_refer_to(answers):
    talk = Talk().asked("cost").says("medical_dosing")
    talk.hears("utter_handoff_dosing", "action_hand_off").says("follow_up")

    assert last_answer(talk.tracker) is None
    assert _answer(answers, talk)[0] == "utter_not_understood"


def test_follow_up_after_a_hand_off_with_an_owed_answer(answers):
    talk = Talk().says("medical_dosing", also="ask_cost")
    talk.hears("utter_handoff_dosing", "action_hand_off", "utter_cost")

    assert _answer(answers, talk.says("follow_up"))[0] == "utter_cost"


# suggestions

OFFERED = ["cost", "history", "preparation"]
# fmt: off
CHOICES = [
    ("the first one", "utter_cost"),
    ("first", "utter_cost"),
    ("1", "utter_cost"),
    ("1.", "utter_cost"),
    ("#1", "utter_cost"),
    ("the top one", "utter_cost"),
    ("one", "utter_cost"),
    ("option one!", "utter_cost"),
    ("the second one", "utter_history"),
    ("2", "utter_history"),
    ("2)", "utter_history"),
    ("number 2, please", "utter_history"),
    ("2nd one", "utter_history"),
    ("the middle one", "utter_history"),
    ("the third one", "utter_preparation"),
    ("Three", "utter_preparation"),
    ("the last one", "utter_preparation"),
    ("bottom", "utter_preparation"),
    ("the 4th", "utter_not_understood"),
    ("that", "utter_not_understood"),
    ("21", "utter_not_understood"),
]
# fmt: on


def _offered(topics):
    talk = Talk().says("not_understood")
    return talk.hears("utter_not_understood", suggestions=topics)


@pytest.mark.parametrize(("text", "expected"), CHOICES)
def test_choice_of_three(answers, text, expected):
    talk = _offered(OFFERED).says("choose_suggestion", text)

    assert _answer(answers, talk)[0] == expected


@pytest.mark.parametrize(
    ("topics", "text", "expected"),
    [
        (["cost"], "yes", "utter_cost"),
        (["cost", "history"], "yes", "utter_affirm"),
        (["cost", "history"], "yes, the second one", "utter_history"),
        (["cost", "history"], "yes the last", "utter_history"),
        (["cost"], "yes the third", "utter_cost"),
        ([], "yes", "utter_affirm"),
    ],
)
def test_yes_after_suggestions(answers, topics, text, expected):
    talk = _offered(topics).says("affirm", text)

    assert _answer(answers, talk)[0] == expected


def test_choice_beyond_what_was_offered(answers):
    talk = _offered(["cost", "history"]).says("choose_suggestion", "the third one")

    assert _answer(answers, talk)[0] == "utter_not_understood"


def test_choice_without_an_offer(answers):
    talk = Talk().asked("cost").says("choose_suggestion", "the first one")

    assert _answer(answers, talk)[0] == "utter_not_understood"


def test_offer_counts_for_one_turn_only(answers):
    talk = _offered(OFFERED).says("thanks").hears("utter_thanks")

    talk.says("choose_suggestion", "the first one")

    assert _answer(answers, talk)[0] == "utter_not_understood"


def test_topic_offered_beside_an_answer_can_be_chosen(answers):
    talk = Talk().says("ask_cost").hears("utter_cost", suggestions=["history"])

    assert _answer(answers, talk.says("affirm", "yes"))[0] == "utter_history"


# answers owed after a hand-off


def test_general_answer_follows_a_hand_off_once(answers):
    talk = Talk().says("medical_dosing", also="ask_cost")
    talk.does("utter_handoff_dosing", "action_hand_off")

    assert _answer(answers, talk) == ("utter_cost", 1.0)
    assert _answer(answers, talk.does("utter_cost")) == ("action_listen", 0.3)


@pytest.mark.parametrize("topic", ADMIN_TOPICS)
def test_general_answer_follows_the_front_desk(answers, topic):
    talk = Talk().says(INTENT_OF["admin", topic], also="ask_cost")

    assert _answer(answers, talk.does(f"utter_{topic}")) == ("utter_cost", 1.0)


def test_nothing_is_owed_before_the_hand_off_was_done(answers):
    talk = Talk().says("medical_dosing", also="ask_cost")

    assert _answer(answers, talk.does("utter_handoff_dosing"))[1] == 0.3


def test_nothing_is_owed_without_a_second_question(answers):
    talk = Talk().says("medical_dosing").does("utter_handoff_dosing", "action_hand_off")

    assert _answer(answers, talk) == ("action_listen", 0.3)


def test_what_was_owed_is_forgotten_in_the_next_turn(answers):
    talk = Talk().says("medical_dosing", also="ask_cost")
    talk.hears("utter_handoff_dosing", "action_hand_off").says("thanks")

    assert _answer(answers, talk) == ("utter_thanks", 0.3)


# the policy that learns from stories

STORIES = """
version: "3.1"
stories:
- story: asks the price, and for Spravato
  steps:
  - intent: ask_cost
  - action: utter_cost
  - intent: follow_up
    entities: [{treatment: spravato}]
  - action: utter_cost
- story: asks about side effects, and for PTSD
  steps:
  - intent: ask_side_effects
  - action: utter_side_effects
  - intent: follow_up
    entities: [{condition: ptsd}]
  - action: utter_side_effects
- story: asks how it works, says no and is offered a time
  steps:
  - intent: ask_how_it_works
  - action: utter_how_it_works
  - intent: deny
  - action: utter_booking
- story: thanks after an answer
  steps:
  - intent: ask_history
  - action: utter_history
  - intent: thanks
  - action: utter_thanks
- story: says hello and is told about a crisis, which no story may teach
  steps:
  - intent: greet
  - action: utter_crisis_self_harm
- story: is handed off by a story, which none may teach
  steps:
  - intent: goodbye
  - action: utter_handoff_dosing
  - action: action_hand_off
"""


def _trackers(stories):
    graph = StoryGraph(YAMLStoryReader(DOMAIN).read_from_string(stories))
    return TrainingDataGenerator(graph, DOMAIN, augmentation_factor=0).generate()


def _story_policy(folder, stories=STORIES, **config):
    policy = StoryPolicy.create(
        {**StoryPolicy.get_default_config(), **config},
        LocalModelStorage(folder),
        RESOURCE,
        CONTEXT,
    )
    policy.train(_trackers(stories), DOMAIN)
    return policy


@pytest.fixture(scope="module")
def stories_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def stories(stories_folder):
    return _story_policy(stories_folder)


@pytest.mark.parametrize("topic", ["cost", "side_effects", "preparation", "history"])
def test_follow_up_repeats_the_answer_whatever_the_topic(stories, topic):
    talk = Talk().asked(topic).says("follow_up", treatment="iv")

    action, confidence = _answer(stories, talk)

    assert action == f"utter_{topic}"
    assert confidence >= 0.6


@pytest.mark.parametrize("topic", ["how_it_works", "preparation", "cost"])
def test_action_by_name_is_learned_for_other_topics_too(stories, topic):
    assert _answer(stories, Talk().asked(topic).says("deny"))[0] == "utter_booking"


@pytest.mark.parametrize("topic", ["cost", "side_effects", "how_it_works", "history"])
def test_question_of_a_story_is_answered(stories, topic):
    assert _answer(stories, Talk().says(f"ask_{topic}"))[0] == f"utter_{topic}"


@pytest.mark.parametrize("topic", FAQ_TOPICS)
def test_question_never_gets_the_answer_to_another(stories, topic):
    action, _ = _answer(stories, Talk().asked("cost").says(f"ask_{topic}"))

    assert action in (f"utter_{topic}", None)


def test_listens_after_an_answer_it_never_saw(stories):
    talk = Talk().says("ask_preparation").does("utter_preparation")

    assert _answer(stories, talk)[0] == "action_listen"


def test_safety_action_of_a_story_is_not_learned(stories):
    assert not [
        label for label in stories.model["labels"] if label.startswith(SAFETY_PREFIXES)
    ]
    for talk in (Talk().says("greet"), Talk().says("goodbye")):
        action, _ = _answer(stories, talk)
        assert not str(action).startswith(SAFETY_PREFIXES)


@pytest.mark.parametrize(
    "intent",
    [
        intent
        for intent in DOMAIN.intents
        if intent.startswith(("crisis_", "emergency_", "medical_")) or "low_" in intent
    ],
)
def test_safety_action_is_never_predicted(stories, tmp_path, intent):
    bold = StoryPolicy(
        {**StoryPolicy.get_default_config(), "threshold": 0.0},
        LocalModelStorage(tmp_path),
        RESOURCE,
        CONTEXT,
        model=stories.model,
    )
    talks = (
        Talk().says(intent),
        Talk().asked("cost").says(intent),
        Talk().says(intent).does(response_of(intent)),
    )

    for talk in talks:
        action, _ = _answer(bold, talk)
        assert not str(action).startswith(SAFETY_PREFIXES)


def test_silent_below_its_threshold(stories, tmp_path):
    sure = StoryPolicy(
        {**StoryPolicy.get_default_config(), "threshold": 1.01},
        LocalModelStorage(tmp_path),
        RESOURCE,
        CONTEXT,
        model=stories.model,
    )
    talk = Talk().asked("cost").says("deny")

    assert _answer(stories, talk)[1] >= 0.6
    assert _answer(sure, talk) == (None, 0.0)


@pytest.mark.parametrize(
    ("before", "entities"),
    [(["cost"], {"insurer": "aetna"}), ([], {"treatment": "iv"})],
)
def test_silent_where_the_value_of_an_entity_decides(stories, before, entities):
    talk = Talk()
    for topic in before:
        talk.asked(topic)

    assert _answer(stories, talk.says("follow_up", **entities)) == (None, 0.0)


def test_silent_without_stories(tmp_path):
    policy = _story_policy(tmp_path, 'version: "3.1"\nstories: []\n')
    loaded = StoryPolicy.load(
        StoryPolicy.get_default_config(), LocalModelStorage(tmp_path), RESOURCE, CONTEXT
    )

    for each in (policy, loaded):
        assert _answer(each, Talk().says("ask_cost")) == (None, 0.0)


def test_loaded_policy_decides_the_same(stories, stories_folder):
    loaded = StoryPolicy.load(
        StoryPolicy.get_default_config(),
        LocalModelStorage(stories_folder),
        RESOURCE,
        CONTEXT,
    )

    for talk in (
        Talk().says("ask_cost"),
        Talk().asked("cost").says("deny"),
        Talk().asked("preparation").says("follow_up", condition="ptsd"),
        Talk().asked("history").says("thanks"),
    ):
        assert _answer(loaded, talk) == _answer(stories, talk)


def test_same_stories_give_the_same_weights(stories, tmp_path):
    again = _story_policy(tmp_path)

    assert again.model["labels"] == stories.model["labels"]
    assert (again.model["weights"] == stories.model["weights"]).all()


def test_two_labels_are_enough(tmp_path):
    story = 'version: "3.1"\nstories:\n- story: hello\n  steps:\n'
    story += "  - intent: greet\n  - action: utter_greet\n"
    policy = _story_policy(tmp_path, story, threshold=0.5)

    assert len(policy.model["labels"]) == 2
    assert _answer(policy, Talk().says("greet"))[0] == "utter_greet"
    assert _answer(policy, Talk().says("greet").does("utter_greet"))[0] == (
        "action_listen"
    )
