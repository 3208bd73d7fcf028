"""The safety gate: last NLU component, sets the intent that everything else follows.

Brings the danger detector, the classifier and the entities together (``routing``), and
leaves its findings in the parse data: ``safety`` (what fired, for the inbox) and
``suggestions`` (for "did you mean").
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.nlu.constants import (
    ENTITIES,
    INTENT,
    INTENT_NAME_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from components.calibrated_intent_classifier import (
    CLAUSE_RANKINGS_KEY,
    PROBABILITIES_KEY,
)
from components.routing import Decision, Evidence, RoutingThresholds, decide
from safety.danger_detector import (
    DangerDetector,
    Verdict,
    detector_of_model,
    shared_detector,
)

SAFETY_KEY = "safety"
SUGGESTIONS_KEY = "suggestions"
ALSO_KEY = "also"


def _leave_as_text(  # type: ignore[no-untyped-def] # Rasa reads the annotations
    self,
    messages: list[Message],
    domain: Optional[Domain] = None,  # noqa: UP045 - Rasa can't read `X | None`
) -> list[Message]:
    """Replaces Rasa's step that turns "/ask_cost" into an intent (contract.md)."""
    return messages


# A patient's text that begins with "/" is text on every channel.
RegexMessageHandler.process = _leave_as_text


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False
)
class SafetyGate(IntentClassifier, GraphComponent):
    """Overrides the classifier's intent where safety asks for it."""

    @classmethod
    def required_components(cls) -> list[type]:
        """(see parent class for full docstring)."""
        return [IntentClassifier]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """(see parent class for full docstring)."""
        return {
            # Any field of components.routing.RoutingThresholds.
            "thresholds": {},
        }

    def __init__(
        self, config: dict[str, Any], *, detector: DangerDetector | None = None
    ) -> None:
        """Checks the thresholds.

        Args:
            config: from ``config.yml``.
            detector: that of the model being loaded, else of this process.

        Raises:
            ValueError: names a threshold that does not exist.
        """
        chosen = {**self.get_default_config(), **config}["thresholds"]
        known = {entry.name for entry in fields(RoutingThresholds)}
        unknown = sorted(set(chosen) - known)
        if unknown:
            raise ValueError(
                f"config.yml: SafetyGate: thresholds: '{unknown[0]}' is unknown; "
                f"use one of {', '.join(sorted(known))}."
            )
        self.thresholds = RoutingThresholds(**chosen)
        self._detector = detector or detector_of_model.get()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SafetyGate:
        """(see parent class for full docstring)."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent, ``safety``, ``suggestions`` and ``also`` of messages."""
        if self._detector is None:
            self._detector = shared_detector()
        for message in messages:
            text = message.get(TEXT) or ""
            verdict = self._detector.detect(text)
            evidence = Evidence(
                text=text,
                whole=message.get(PROBABILITIES_KEY) or {},
                clauses=message.get(CLAUSE_RANKINGS_KEY) or [],
                entities=message.get(ENTITIES) or [],
                verdict=verdict,
            )
            _record(message, decide(evidence, self.thresholds), verdict)
        return messages


def _record(message: Message, decision: Decision, verdict: Verdict) -> None:
    intent = {
        INTENT_NAME_KEY: decision.intent,
        PREDICTED_CONFIDENCE_KEY: float(decision.confidence),
    }
    safety = {
        "level": verdict.level,
        "reason": decision.reason,
        "phrases": list(verdict.phrases),
        "near_miss": verdict.near_miss,
        "probability": round(verdict.probability, 4),
        "check_in": decision.check_in,
    }
    message.set(INTENT, intent, add_to_output=True)
    message.set(SAFETY_KEY, safety, add_to_output=True)
    message.set(SUGGESTIONS_KEY, list(decision.suggestions), add_to_output=True)
    message.set(ALSO_KEY, decision.also, add_to_output=True)
