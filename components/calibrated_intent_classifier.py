"""The intent classifier: sentence vectors and n-grams, calibrated, with clauses.

Reads the sentence featurizer's vectors. Besides the ranking for the whole message it
leaves the ranking of each clause, so that the safety gate sees the second matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from safety.clauses import clauses_of
from safety.encoder import shared_encoder
from safety.text_classifier import ClassifierFileError, TextClassifier

CLAUSE_RANKINGS_KEY = "clause_probabilities"
PROBABILITIES_KEY = "intent_probabilities"
RANKING_LENGTH = 10
WEIGHTS_FILE = "intents.npz"


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class CalibratedIntentClassifier(IntentClassifier, GraphComponent):
    """Linear heads on the frozen encoder, trained in seconds."""

    @classmethod
    def required_components(cls) -> list[type]:
        """(see parent class for full docstring)."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """(see parent class for full docstring)."""
        return {
            # Inverse regularisation of the head on sentence vectors and on n-grams.
            "dense_strength": 10.0,
            "sparse_strength": 10.0,
            # Share of the sentence vectors' head in the mean of the two.
            "dense_share": 0.5,
            # Below 1 sharpens: the mean of two models is under-confident.
            "temperature": 0.8,
            "random_seed": 7,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        classifier: TextClassifier | None = None,
    ) -> None:
        """Starts with a fitted classifier when loaded."""
        self.config = {**self.get_default_config(), **config}
        self.classifier = classifier
        self._model_storage = model_storage
        self._resource = resource
        if classifier:
            classifier.temperature = float(self.config["temperature"])
            classifier.dense_share = float(self.config["dense_share"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CalibratedIntentClassifier:
        """(see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits both heads on the intent examples."""
        examples = [
            example
            for example in training_data.intent_examples
            if example.get(INTENT) and example.get(TEXT)
        ]
        if examples:
            self.classifier = TextClassifier.fit(
                [example.get(TEXT) for example in examples],
                np.stack([_vector(example) for example in examples]),
                [example.get(INTENT) for example in examples],
                dense_strength=self.config["dense_strength"],
                sparse_strength=self.config["sparse_strength"],
                seed=self.config["random_seed"],
            )
            with self._model_storage.write_to(self._resource) as folder:
                self.classifier.save(folder / WEIGHTS_FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CalibratedIntentClassifier:
        """(see parent class for full docstring)."""
        try:
            with model_storage.read_from(resource) as folder:
                classifier = TextClassifier.load(folder / WEIGHTS_FILE)
        except ClassifierFileError:
            raise  # a damaged model must not pass for one without examples
        except ValueError:  # trained without a single intent example
            classifier = None
        return cls(config, model_storage, resource, classifier)

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent, ranking and the rankings of the clauses."""
        for message in messages:
            text = message.get(TEXT)
            if text and self.classifier:
                self._classify(message, text, self.classifier)
        return messages

    def _classify(
        self, message: Message, text: str, classifier: TextClassifier
    ) -> None:
        clauses = clauses_of(text)
        vectors = np.stack(
            [_vector(message), *(shared_encoder().encode(item) for item in clauses)]
        )
        rows = [
            dict(zip(classifier.labels, map(float, row), strict=True))
            for row in classifier.probabilities([text, *clauses], vectors)
        ]
        ranking = [
            {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}
            for name, confidence in sorted(rows[0].items(), key=lambda item: -item[1])
        ][:RANKING_LENGTH]
        message.set(PROBABILITIES_KEY, rows[0])
        message.set(CLAUSE_RANKINGS_KEY, rows[1:])
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)


def _vector(message: Message) -> np.ndarray:
    """The dense sentence feature of a message, shape (384,)."""
    for feature in message.features or []:
        if feature.attribute == TEXT and feature.type == FEATURE_TYPE_SENTENCE:
            return np.asarray(feature.features)[0]
    return shared_encoder().encode(message.get(TEXT))
