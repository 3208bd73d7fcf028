"""The last policy: maps an intent to its answer when no rule or story said otherwise.

Also resolves what only makes sense after the turn before ("and for PTSD?", "the first
one", "yes") and lets a general answer follow a medical hand-off.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.core.featurizers.tracker_featurizers import TrackerFeaturizer
from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.topics import (
    ADMIN_TOPICS,
    FAQ_TOPICS,
    INTENT_OF,
    NOT_UNDERSTOOD_INTENT,
    response_of,
)
from components.safety_gate import ALSO_KEY

HAND_OFF_ACTION = "action_hand_off"
FAQ_RESPONSES = {f"utter_{topic}" for topic in FAQ_TOPICS}
ADMIN_RESPONSES = {f"utter_{topic}" for topic in ADMIN_TOPICS}
# What a follow-up is about when there is no answer before it.
_TOPIC_OF_TREATMENT = {
    "spravato": "esketamine_spravato",
    "at_home": "at_home_ketamine",
    "iv": "routes_of_administration",
    "injection": "routes_of_administration",
}
_ORDINALS = (
    {"first", "1", "1st", "top", "uno"},
    {"second", "2", "2nd", "two", "middle"},
    {"third", "3", "3rd", "three"},
)
_LAST = {"last", "bottom", "final"}
_ONE = {"one"}  # the first, unless another number goes before: "the second one"


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False
)
class IntentAnswerPolicy(Policy):
    """Answers every intent, with a low confidence, so that stories come first."""

    @staticmethod
    def supported_data() -> SupportedData:
        """(see parent class for full docstring)."""
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """(see parent class for full docstring)."""
        return {
            # With this confidence a remembered story or a story's generalisation
            # comes first; rules always do.
            "confidence": 0.3,
            # Of equally sure policies the higher one wins: RulePolicy has 6,
            # MemoizationPolicy 3. Matters only for the answer after a hand-off.
            "priority": 5,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentAnswerPolicy:
        """(see parent class for full docstring)."""
        return cls(config, model_storage, resource, execution_context)

    def _create_featurizer(self) -> TrackerFeaturizer | None:
        return None  # reads the tracker itself

    def train(self, *args: Any, **kwargs: Any) -> Resource:
        """Nothing is learned (see parent class)."""
        return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """(see parent class for full docstring)."""
        owed = answer_owed(tracker)
        action = owed or next_action(tracker)
        probabilities = self._default_predictions(domain)
        if action in domain.action_names_or_texts:
            # Stories end a hand-off with "listen"; an answer that is owed comes first.
            confidence = 1.0 if owed else self.config["confidence"]
            probabilities[domain.index_for_action(action)] = confidence
        return self._prediction(probabilities)


def next_action(tracker: DialogueStateTracker) -> str:
    """The action that answers the latest message, or ``action_listen``."""
    message = tracker.latest_message
    if message is None or message.intent.get("name") is None:
        return ACTION_LISTEN_NAME
    if _actions_this_turn(tracker):
        return ACTION_LISTEN_NAME
    return _answer(tracker, message)


def answer_owed(tracker: DialogueStateTracker) -> str | None:
    """The general answer asked for beside a medical or front desk matter, once."""
    message = tracker.latest_message
    also = (message.parse_data or {}).get(ALSO_KEY) if message else None
    done = _actions_this_turn(tracker)
    if also and done and done[-1] in {HAND_OFF_ACTION, *ADMIN_RESPONSES}:
        return response_of(also)
    return None


def _answer(tracker: DialogueStateTracker, message: UserUttered) -> str:
    intent = str(message.intent["name"])
    if intent == "follow_up":
        return _follow_up(tracker, message)
    if intent in ("choose_suggestion", "affirm"):
        chosen = _chosen_suggestion(tracker, message, intent)
        if chosen:
            return response_of(INTENT_OF["faq", chosen])
        if intent == "choose_suggestion":
            return response_of(NOT_UNDERSTOOD_INTENT)
    return response_of(intent)


def last_answer(tracker: DialogueStateTracker) -> str | None:
    """The answer a follow-up refers to: general, or of the front desk.

    None if there is none, or if a hand-off came after it.
    """
    for event in reversed(tracker.events):
        if not isinstance(event, ActionExecuted):
            continue
        if event.action_name in FAQ_RESPONSES | ADMIN_RESPONSES:
            return str(event.action_name)
        if event.action_name == HAND_OFF_ACTION:
            return None
    return None


def _follow_up(tracker: DialogueStateTracker, message: UserUttered) -> str:
    entities = {
        entity.get("entity"): entity.get("value") for entity in message.entities
    }
    if "insurer" in entities:  # only this answer has variations for insurers
        return "utter_insurance_coverage"
    before = last_answer(tracker)
    if before:
        return before
    if entities.get("treatment") in _TOPIC_OF_TREATMENT:
        return f"utter_{_TOPIC_OF_TREATMENT[str(entities['treatment'])]}"
    if "condition" in entities:
        return "utter_conditions_treated"
    return response_of(NOT_UNDERSTOOD_INTENT)


def _chosen_suggestion(
    tracker: DialogueStateTracker, message: UserUttered, intent: str
) -> str | None:
    """The suggested topic that "the first one", "2" or "yes" means."""
    offered = _last_suggestions(tracker)
    if not offered:
        return None
    words = set(re.findall(r"\w+", (message.text or "").lower()))
    if words & _LAST:
        return offered[-1]
    for position, names in enumerate(_ORDINALS):
        if words & names and position < len(offered):
            return offered[position]
    if words & _ONE and not words & set().union(*_ORDINALS):
        return offered[0]
    return offered[0] if intent == "affirm" and len(offered) == 1 else None


def _last_suggestions(tracker: DialogueStateTracker) -> list[str]:
    """Topics offered in the reply just before the latest message."""
    messages_seen = 0
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            messages_seen += 1
            if messages_seen == 2:
                return []
        elif isinstance(event, BotUttered) and messages_seen == 1:
            metadata = (event.metadata or {}).get("metadata") or {}
            if metadata.get("suggestions"):
                return list(metadata["suggestions"])
    return []


def _actions_this_turn(tracker: DialogueStateTracker) -> list[str]:
    """Names of the actions run since the latest user message, oldest first."""
    actions: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name:
            actions.append(str(event.action_name))
    return actions[::-1]
