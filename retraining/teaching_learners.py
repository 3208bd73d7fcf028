"""The assistants of the teaching curve: trained anew on whatever they are given."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from clinic.topics import URGENT_ROUTES, route_of, topic_of
from retraining.assistant import silence
from retraining.evaluation_sets import LabelledMessage
from retraining.example_parts import write_examples
from retraining.examples import ROOT, read_folder
from retraining.proposal_folder import copy_project
from retraining.static_meaning import STAFF_ROUTES
from retraining.train import fingerprint
from retraining.vector_cache import MOST_EXAMPLES
from retraining.whole_file import write_whole
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


@dataclass(frozen=True)
class Answers:
    """What a trained assistant takes messages for, and how long it was trained."""

    intents: list[str]
    seconds: float

    def wrong(self, messages: Sequence[LabelledMessage]) -> dict[int, str]:
        """Places of the messages that it gets wrong, and what it takes them for."""
        return {
            place: intent
            for place, (message, intent) in enumerate(
                zip(messages, self.intents, strict=True)
            )
            if not is_right(message, intent)
        }


class Learner:
    """One kind of assistant."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        pipeline: list[dict[str, Any]] | None = None,
        encoder: Path | None = None,
        kept: Path | None = None,
    ) -> None:
        """Makes it a project of its own.

        Args:
            name: of the line.
            folder: where its project and models go.
            pipeline: the project's own if left out.
            encoder: folder of another sentence encoder than the project's.
            kept: folder of answers that were given before; the same training and the
                same messages are not tried twice.
        """
        self.name = name
        self._project = folder / "project"
        self._models = folder / "models"
        self._pipeline = pipeline
        self._encoder_folder = encoder
        self._kept = kept
        copy_project(ROOT, self._project)
        if pipeline is not None:
            file = self._project / "config.yml"
            config = yaml.safe_load(file.read_text(encoding="utf-8"))
            config["pipeline"] = pipeline
            file.write_text(yaml.safe_dump(config), encoding="utf-8")

    def answers(
        self, pairs: Sequence[Pair], messages: Sequence[LabelledMessage]
    ) -> Answers:
        """What it takes messages for when it has learnt these examples."""
        texts = [message.text for message in messages]
        file = self._kept and self._kept / f"{self._key(pairs, texts)}.json"
        if file and file.is_file():
            return Answers(**json.loads(file.read_text(encoding="utf-8")))
        with encoder_is(self._encoder):
            agent, seconds = self._learn(pairs)
            found = Answers(asyncio.run(_intents_of(agent, texts)), seconds)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps(asdict(found)))
        return found

    def _key(self, pairs: Sequence[Pair], texts: Sequence[str]) -> str:
        made_of = [
            fingerprint(),
            self._pipeline,
            str(self._encoder_folder),
            [*pairs],
            [*texts],
        ]
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:24]

    @cached_property
    def _encoder(self) -> SentenceEncoder | None:
        return SentenceEncoder(self._encoder_folder) if self._encoder_folder else None

    def _learn(self, pairs: Sequence[Pair]) -> tuple[Any, float]:
        """An agent trained on these examples, and the seconds that took."""
        from components import compat

        compat.install()
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        # Rasa's cache knows neither the encoder nor the danger detector.
        os.environ["RASA_MAX_CACHE_SIZE"] = "0"
        warnings.simplefilter("ignore")
        silence()
        write_examples(self._project / "data" / "nlu", pairs)
        self._models.mkdir(exist_ok=True)
        began = time.monotonic()
        detector = None if self._pipeline else self._detector()
        model = train_nlu(
            config=str(self._project / "config.yml"),
            nlu_data=str(self._project / "data" / "nlu"),
            output=str(self._models),
            domain=str(self._project / "domain.yml"),
        )
        seconds = round(time.monotonic() - began, 1)
        token = detector_of_model.set(detector)
        try:
            return Agent.load(model), seconds
        finally:
            detector_of_model.reset(token)

    def _detector(self) -> DangerDetector:
        from retraining.danger_model import train_danger_model

        file = self._models / "detector.npz"
        train_danger_model(read_folder(self._project / "data" / "nlu"), file=file)
        return DangerDetector.load(file)


async def _intents_of(agent: Any, texts: Sequence[str]) -> list[str]:
    found = []
    for text in texts:
        parsed = await agent.parse_message(text)
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
