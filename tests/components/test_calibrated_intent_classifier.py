"""The intent classifier on a handful of examples, through Rasa's own interfaces."""

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.calibrated_intent_classifier import (
    CLAUSE_RANKINGS_KEY,
    PROBABILITIES_KEY,
    WEIGHTS_FILE,
    CalibratedIntentClassifier,
)
from components.sentence_featurizer import SentenceFeaturizer
from safety.text_classifier import ClassifierFileError

RESOURCE = Resource("classifier")
EXAMPLES = {
    "ask_cost": ["how much is it", "what does a session cost", "price please", "fees"],
    "ask_history": ["who discovered it", "when was it invented", "its history"],
    "admin_booking": ["book an appointment", "cancel my visit", "reschedule me"],
    "greet": ["hello", "hi there", "good morning"],
}
LONG = "hello there good morning. what does one session cost, and book an appointment"


def _data():
    return TrainingData(
        [
            Message.build(text, intent)
            for intent, texts in EXAMPLES.items()
            for text in texts
        ]
    )


def _featurizer():
    return SentenceFeaturizer("features", SentenceFeaturizer.get_default_config())


def _trained(folder, **config):
    storage = LocalModelStorage(folder)
    classifier = CalibratedIntentClassifier.create(config, storage, RESOURCE, None)
    classifier.train(_featurizer().process_training_data(_data()))
    return classifier


def _load(folder, **config):
    storage = LocalModelStorage(folder)
    return CalibratedIntentClassifier.load(config, storage, RESOURCE, None)


def _process(classifier, text):
    messages = _featurizer().process([Message({TEXT: text})])
    return classifier.process(messages)[0]


def _probabilities(classifier, text=LONG):
    return _process(classifier, text).get(PROBABILITIES_KEY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("classifier")


@pytest.fixture(scope="module")
def classifier(folder):
    return _trained(folder)


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, texts[0]) for intent, texts in EXAMPLES.items()]
)
def test_examples_are_recognised(classifier, intent, text):
    message = _process(classifier, text)

    assert message.get(INTENT)["name"] == intent
    assert message.get(INTENT_RANKING_KEY)[0] == message.get(INTENT)


def test_probabilities_sum_to_one(classifier):
    message = _process(classifier, LONG)

    for row in [message.get(PROBABILITIES_KEY), *message.get(CLAUSE_RANKINGS_KEY)]:
        assert set(row) == set(EXAMPLES)
        assert sum(row.values()) == pytest.approx(1, abs=1e-5)


def test_ranking_falls(classifier):
    ranking = _process(classifier, LONG).get(INTENT_RANKING_KEY)

    confidences = [entry["confidence"] for entry in ranking]
    assert confidences == sorted(confidences, reverse=True)


def test_clauses_have_rankings_of_their_own(classifier):
    clauses = _process(classifier, LONG).get(CLAUSE_RANKINGS_KEY)

    likeliest = [max(row, key=row.__getitem__) for row in clauses]
    assert likeliest == ["greet", "ask_cost", "admin_booking"]


def test_short_message_has_no_clauses(classifier):
    assert _process(classifier, "how much is it").get(CLAUSE_RANKINGS_KEY) == []


def test_only_intent_and_ranking_leave_the_pipeline(classifier):
    message = _process(classifier, LONG)

    assert set(message.as_dict(only_output_properties=True)) == {
        TEXT,
        INTENT,
        INTENT_RANKING_KEY,
    }


def test_two_fits_give_the_same_numbers(classifier, tmp_path):
    assert _probabilities(_trained(tmp_path)) == _probabilities(classifier)


def test_loaded_classifier_gives_the_same_numbers(classifier, folder):
    loaded = _load(folder)

    # Weights are stored as 16-bit floats.
    assert _probabilities(loaded) == pytest.approx(_probabilities(classifier), abs=2e-3)
    assert _probabilities(_load(folder)) == _probabilities(loaded)


def test_temperature_of_the_config_is_used_after_loading(classifier, folder):
    sharp, flat = (
        max(_probabilities(_load(folder, temperature=value)).values())
        for value in (0.2, 5.0)
    )

    assert sharp > flat


def test_message_without_features_is_encoded_here(classifier):
    plain = classifier.process([Message({TEXT: LONG})])[0]

    assert plain.get(PROBABILITIES_KEY) == _probabilities(classifier)


@pytest.mark.parametrize("text", [None, ""])
def test_message_without_text_is_left_alone(classifier, text):
    message = classifier.process([Message({TEXT: text})])[0]

    assert message.get(INTENT) is None


def test_untrained_classifier_is_silent(tmp_path):
    storage = LocalModelStorage(tmp_path)
    CalibratedIntentClassifier.create({}, storage, RESOURCE, None).train(TrainingData())

    loaded = _load(tmp_path)

    assert loaded.classifier is None
    assert loaded.process([Message({TEXT: LONG})])[0].get(INTENT) is None


def test_damaged_weights_are_not_taken_for_an_untrained_model(tmp_path):
    _trained(tmp_path)
    with LocalModelStorage(tmp_path).read_from(RESOURCE) as stored:
        (stored / WEIGHTS_FILE).write_bytes(b"damaged")

    with pytest.raises(ClassifierFileError):
        _load(tmp_path)
