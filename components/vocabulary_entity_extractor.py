"""Entities from look-up tables and patterns; places and dates from spaCy.

Medicines, conditions, symptoms, insurers, treatments, age and pregnancy cues are listed
in ``data/nlu/lookups`` in Rasa's own format (``lookup`` and ``synonym``), so retraining
staff can add to them. spaCy's recogniser misses lower-case drug names and takes brands
for people, so it is asked for places and dates only.
"""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

WORD = re.compile(r"\w+(?:[-'.\u2019]\w+)*")
SPACY_LABELS = {"GPE": "place", "LOC": "place", "FAC": "place", "DATE": "date"}
AGE = re.compile(
    r"\b(?:(?:i['\u2019]?m|i am|age[d]?|s?he['\u2019]?s|turned|is)\s+(\d{1,3})"
    r"(?=\s*(?:$|[.,;!?]|and\b|but\b|years?\b|yrs?\b|yo\b|y/o))"
    r"|(\d{1,3})[\s-]*(?:years?|yrs?|yr)[\s-]*olds?|(\d{1,3})\s?(?:yo|y/o)\b)",
    re.IGNORECASE,
)
LONGEST_TERM = 8  # words


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True
)
class VocabularyEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Finds the terms of the look-up tables, longest first."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """(see parent class for full docstring)."""
        return {}

    def __init__(
        self,
        model_storage: ModelStorage,
        resource: Resource,
        terms: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        """Starts with the terms learned by ``train``: text → (entity, value)."""
        self._model_storage = model_storage
        self._resource = resource
        self.terms = terms or {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> VocabularyEntityExtractor:
        """(see parent class for full docstring)."""
        return cls(model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Reads look-up tables and synonyms from the training data."""
        self.learn(training_data)
        with self._model_storage.write_to(self._resource) as folder:
            (folder / "terms.json").write_text(json.dumps(self.terms, sort_keys=True))
        return self._resource

    def learn(self, training_data: TrainingData) -> None:
        """Takes over the terms of the training data."""
        synonyms = {
            _key(text): value for text, value in training_data.entity_synonyms.items()
        }
        for table in training_data.lookup_tables:
            for element in table["elements"]:
                key = _key(element)
                self.terms[key] = (table["name"], synonyms.get(key, element))

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> VocabularyEntityExtractor:
        """(see parent class for full docstring)."""
        with model_storage.read_from(resource) as folder:
            terms = json.loads((folder / "terms.json").read_text())
        return cls(
            model_storage,
            resource,
            {text: (entity, value) for text, (entity, value) in terms.items()},
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds entities to messages."""
        for message in messages:
            text = message.get(TEXT) or ""
            found = self.find(text) + _from_spacy(message, text)
            message.set(
                ENTITIES,
                message.get(ENTITIES, []) + self.add_extractor_name(found),
                add_to_output=True,
            )
        return messages

    def find(self, text: str) -> list[dict[str, Any]]:
        """Terms and ages in a text, as Rasa entities, in order of appearance."""
        words = list(WORD.finditer(text))
        found, at = [], 0
        while at < len(words):
            size = self._term_length(text, words, at)
            if size:
                start, end = words[at].start(), words[at + size - 1].end()
                entity, value = self.terms[_key(text[start:end])]
                found.append(_entity(entity, value, start, end))
            at += size or 1
        for match in AGE.finditer(text):
            years = next(group for group in match.groups() if group)
            if int(years) <= 110:
                found.append(_entity("age", years, match.start(), match.end()))
        return sorted(found, key=itemgetter(ENTITY_ATTRIBUTE_START))

    def _term_length(self, text: str, words: list[re.Match], at: int) -> int:
        """Words of the longest term that starts at a word; 0 if none does."""
        for size in range(min(LONGEST_TERM, len(words) - at), 0, -1):
            span = text[words[at].start() : words[at + size - 1].end()]
            if _key(span) in self.terms:
                return size
        return 0


def _key(text: str) -> str:
    """How a term is compared: lower case, no quotes, no full stop at its end."""
    plain = text.lower().replace("\u2019", "").replace("'", "").rstrip(". ")
    return " ".join(plain.split())


def _entity(entity: str, value: str, start: int, end: int) -> dict[str, Any]:
    return {
        ENTITY_ATTRIBUTE_TYPE: entity,
        ENTITY_ATTRIBUTE_VALUE: value,
        ENTITY_ATTRIBUTE_START: start,
        ENTITY_ATTRIBUTE_END: end,
    }


def _from_spacy(message: Message, text: str) -> list[dict[str, Any]]:
    doc = message.get(SPACY_DOCS[TEXT])
    if doc is None:
        return []
    return [
        _entity(
            SPACY_LABELS[span.label_],
            text[span.start_char : span.end_char],
            span.start_char,
            span.end_char,
        )
        for span in doc.ents
        if span.label_ in SPACY_LABELS
    ]
