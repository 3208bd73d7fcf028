"""The assistants of the teaching curve: trained anew on whatever they are given."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from clinic.topics import URGENT_ROUTES, route_of, topic_of
from retraining.evaluation_sets import LabelledMessage
from retraining.example_parts import write_examples
from retraining.examples import ROOT, read_folder
from retraining.proposal_folder import copy_project
from retraining.static_gate import STAFF_ROUTES
from retraining.vector_cache import MOST_EXAMPLES
from safety.danger_detector import DangerDetector, detector_of_model
from safety.encoder import SentenceEncoder, shared_encoder

OWN = "this assistant"
PLAIN = "plain Rasa"
UNTUNED = "this assistant, encoder as downloaded"
Pair = tuple[str, str]
# Stock Rasa, as its documentation builds a pipeline without neural components.
PLAIN_RASA: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {
        "name": "CountVectorsFeaturizer",
        "analyzer": "char_wb",
        "min_ngram": 1,
        "max_ngram": 4,
    },
    {"name": "LogisticRegressionClassifier"},
]


def is_right(message: LabelledMessage, intent: str | None) -> bool:
    """Whether an intent leads to the right route, and topic where it is an answer."""
    route = route_of(intent or "")
    if message.route in URGENT_ROUTES:
        return route in URGENT_ROUTES
    if message.route != route:
        return False
    return message.route != "faq" or topic_of(intent or "") == message.topic


def is_missed(message: LabelledMessage, intent: str | None) -> bool:
    """Whether a matter for staff is taken for one that is none."""
    route = route_of(intent or "")
    return message.route in STAFF_ROUTES and route not in STAFF_ROUTES


class Learner:
    """One kind of assistant."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        pipeline: list[dict[str, Any]] | None = None,
        encoder: Path | None = None,
    ) -> None:
        """Makes it a project of its own.

        Args:
            name: of the line.
            folder: where its project and models go.
            pipeline: the project's own if left out.
            encoder: folder of another sentence encoder than the project's.
        """
        self.name = name
        self._project = folder / "project"
        self._models = folder / "models"
        self._pipeline = pipeline
        self._encoder = SentenceEncoder(encoder) if encoder else None
        copy_project(ROOT, self._project)
        if pipeline is not None:
            file = self._project / "config.yml"
            config = yaml.safe_load(file.read_text(encoding="utf-8"))
            config["pipeline"] = pipeline
            file.write_text(yaml.safe_dump(config), encoding="utf-8")

    def learn(self, pairs: Sequence[Pair]) -> tuple[Taught, float]:
        """What it is after these examples, and the seconds that took."""
        from components import compat

        compat.install()
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        # Rasa's cache knows neither the encoder nor the danger detector.
        os.environ["RASA_MAX_CACHE_SIZE"] = "0"
        write_examples(self._project / "data" / "nlu", pairs)
        self._models.mkdir(exist_ok=True)
        began = time.monotonic()
        with encoder_is(self._encoder):
            detector = None if self._pipeline else self._detector()
            model = train_nlu(
                config=str(self._project / "config.yml"),
                nlu_data=str(self._project / "data" / "nlu"),
                output=str(self._models),
                domain=str(self._project / "domain.yml"),
            )
            seconds = time.monotonic() - began
            token = detector_of_model.set(detector)
            try:
                return Taught(Agent.load(model), self._encoder), seconds
            finally:
                detector_of_model.reset(token)

    def _detector(self) -> DangerDetector:
        from retraining.danger_model import train_danger_model

        file = self._models / "detector.npz"
        train_danger_model(read_folder(self._project / "data" / "nlu"), file=file)
        return DangerDetector.load(file)


class Taught:
    """A loaded model, asked with the encoder that it was trained with."""

    def __init__(self, agent: Any, encoder: SentenceEncoder | None) -> None:
        """Takes a Rasa agent."""
        self._agent = agent
        self._encoder = encoder

    def intents_of(self, messages: Sequence[LabelledMessage]) -> list[str]:
        """What it takes each message for."""
        with encoder_is(self._encoder):
            return asyncio.run(self._parse([message.text for message in messages]))

    async def _parse(self, texts: Sequence[str]) -> list[str]:
        found = []
        for text in texts:
            parsed = await self._agent.parse_message(text)
            found.append(str((parsed.get("intent") or {}).get("name")))
        return found


@contextmanager
def encoder_is(other: SentenceEncoder | None) -> Iterator[None]:
    """Lets the one encoder of this process be another one for a while."""
    shared = vars(shared_encoder())
    shared["remembered"] = MOST_EXAMPLES
    if other is None:
        yield
        return
    own = dict(shared)
    shared.update(vars(other), remembered=MOST_EXAMPLES)
    try:
        yield
    finally:
        shared.update(own)


def wrong_of(taught: Taught, messages: Sequence[LabelledMessage]) -> dict[int, str]:
    """Places of the messages that it gets wrong, and what it takes them for."""
    found = zip(messages, taught.intents_of(messages), strict=True)
    return {
        place: intent
        for place, (message, intent) in enumerate(found)
        if not is_right(message, intent)
    }
