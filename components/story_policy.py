"""Generalises from stories with scikit-learn, on Rasa's own tracker featurizer.

Memoization repeats a story only where the last turns are the same. This policy learns
what stories have in common, because its labels are relative: "the answer to this
intent", "the last answer again", or an action by name. One story that teaches "and for
Spravato?" after the cost answer so teaches it after any answer.

It never chooses a safety action: rules do, and such labels are left out.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.topics import URGENT_ROUTES, response_of, route_of
from components.intent_answer_policy import FAQ_RESPONSES, last_answer

ANSWER_INTENT = "<the answer to this intent>"
ANSWER_AGAIN = "<the last answer again>"
SAFETY_PREFIXES = (
    *(f"utter_{route}_" for route in URGENT_ROUTES),
    "utter_handoff_",
    "action_hand_off",
)
WEIGHTS_FILE = "stories.npz"


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True
)
class StoryPolicy(Policy):
    """Logistic regression on the last turns, with relative labels."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """(see parent class for full docstring)."""
        return {
            "priority": 2,
            # Turns of history that are looked at.
            "max_history": 6,
            # Below this confidence the policy stays silent.
            "threshold": 0.6,
            "strength": 10.0,
            "random_seed": 7,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        featurizer: Any = None,
        model: dict[str, Any] | None = None,
    ) -> None:
        """Starts with the weights when loaded."""
        super().__init__(config, model_storage, resource, execution_context, featurizer)
        self.model = model

    def _create_featurizer(self) -> MaxHistoryTrackerFeaturizer:
        return MaxHistoryTrackerFeaturizer(max_history=self.config["max_history"])

    def train(
        self,
        training_trackers: list[TrackerWithCachedStates],
        domain: Domain,
        **kwargs: Any,
    ) -> Resource:
        """Learns from stories (rules are not among the trackers)."""
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.linear_model import LogisticRegression

        trackers = [
            tracker
            for tracker in training_trackers
            if not getattr(tracker, "is_augmented", False)
        ]
        states, actions = self.featurizer.training_states_and_labels(trackers, domain)
        examples = [
            (features_of(history), label_of(history, chosen[0]))
            for history, chosen in zip(states, actions, strict=True)
            if not chosen[0].startswith(SAFETY_PREFIXES)
        ]
        if len({label for _, label in examples}) < 2:
            return self._resource
        vectorizer = DictVectorizer()
        features = vectorizer.fit_transform([entry for entry, _ in examples])
        regression = LogisticRegression(
            C=self.config["strength"],
            max_iter=500,
            random_state=self.config["random_seed"],
        ).fit(features, [label for _, label in examples])
        self.model = {
            "features": vectorizer.vocabulary_,
            "labels": [str(label) for label in regression.classes_],
            "weights": regression.coef_.T.astype(np.float32),
            "intercept": regression.intercept_.astype(np.float32),
        }
        self.persist()
        return self._resource

    def persist(self) -> None:
        """Writes the weights without pickle."""
        if not self.model:
            return
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / WEIGHTS_FILE,
                names=json.dumps(
                    {key: self.model[key] for key in ("features", "labels")}
                ),
                weights=self.model["weights"],
                intercept=self.model["intercept"],
            )

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> StoryPolicy:
        """(see parent class for full docstring)."""
        model = None
        try:
            with (
                model_storage.read_from(resource) as folder,
                np.load(folder / WEIGHTS_FILE, allow_pickle=False) as stored,
            ):
                model = {
                    **json.loads(str(stored["names"])),
                    "weights": stored["weights"],
                    "intercept": stored["intercept"],
                }
        except ValueError:
            pass  # trained without stories: the policy stays silent
        return cls(config, model_storage, resource, execution_context, model=model)

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """(see parent class for full docstring)."""
        probabilities = self._default_predictions(domain)
        if self.model and not _depends_on_values(tracker):
            states = self._prediction_states(
                tracker, domain, rule_only_data=rule_only_data
            )
            label, confidence = self._likeliest(features_of(states), self.model)
            action = action_of(label, states, tracker)
            if confidence >= self.config["threshold"] and self._may(action, domain):
                probabilities[domain.index_for_action(action)] = confidence
        return self._prediction(probabilities)

    @staticmethod
    def _may(action: str | None, domain: Domain) -> bool:
        return (
            action is not None
            and action in domain.action_names_or_texts
            and not action.startswith(SAFETY_PREFIXES)
        )

    @staticmethod
    def _likeliest(
        features: dict[str, float], model: dict[str, Any]
    ) -> tuple[str, float]:
        scores = model["intercept"].copy()
        for name, value in features.items():
            if name in model["features"]:
                scores += value * model["weights"][model["features"][name]]
        if len(model["labels"]) == 2:
            scores = np.array([-scores[0] / 2, scores[0] / 2])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = int(shares.argmax())
        return model["labels"][best], float(shares[best])


def features_of(states: list[State]) -> dict[str, float]:
    """What the policy sees: the latest turn in detail, earlier ones in outline.

    Args:
        states: Rasa's states, oldest first; the last one is to be acted on.
    """
    features: dict[str, float] = {}
    for back, state in enumerate(reversed(states)):
        user = state.get("user") or {}
        action = (state.get("prev_action") or {}).get("action_name")
        intent = user.get("intent")
        features[f"{back}:action={_kind_of_action(action)}"] = 1.0
        if back == 0:
            features[f"action={action}"] = 1.0
            features[f"intent={intent}"] = 1.0
            features[f"kind of action & intent={_kind_of_action(action)}&{intent}"] = 1
            for entity in user.get("entities") or ():
                features[f"entity={entity}"] = 1.0
        features[f"{back}:route={route_of(str(intent))}"] = 1.0
    features.update(_relations(states))
    return features


def _relations(states: list[State]) -> dict[str, float]:
    """How the latest message relates to what was answered before."""
    latest = states[-1]
    user = latest.get("user") or {}
    intent = str(user.get("intent"))
    listening = _previous_action(latest) == ACTION_LISTEN_NAME
    answered = [_previous_action(state) for state in states[:-1]]
    asked_before = listening and response_of(intent) in answered
    has_entity = bool(user.get("entities"))
    has_answer = any(action in FAQ_RESPONSES for action in answered)
    return {
        f"listening={listening}": 1.0,
        f"asked before={asked_before} entity={has_entity}": 1.0,
        f"intent={intent} listening={listening} answer before={has_answer}": 1.0,
        f"route={route_of(intent)} asked before={asked_before} "
        f"entity={has_entity} action={_kind_of_action(_previous_action(latest))}": 1.0,
    }


def label_of(states: list[State], action: str) -> str:
    """The relative label of an action in a story."""
    if action == ACTION_LISTEN_NAME:
        return action
    intent = str(((states[-1].get("user")) or {}).get("intent"))
    if action == response_of(intent):
        return ANSWER_INTENT
    before = [_previous_action(state) for state in states]
    answers = [name for name in before if name in FAQ_RESPONSES]
    if answers and action == answers[-1]:
        return ANSWER_AGAIN
    return action


def action_of(
    label: str, states: list[State], tracker: DialogueStateTracker
) -> str | None:
    """The action a relative label stands for in this conversation."""
    if label == ANSWER_INTENT:
        intent = ((states[-1].get("user")) or {}).get("intent")
        return response_of(str(intent)) if intent else None
    if label == ANSWER_AGAIN:
        return last_answer(tracker)
    return label


def _depends_on_values(tracker: DialogueStateTracker) -> bool:
    """Whether the answer depends on an entity's value, which states don't hold."""
    message = tracker.latest_message
    if message is None or message.intent.get("name") != "follow_up":
        return False
    kinds = {entity.get("entity") for entity in message.entities}
    return "insurer" in kinds or last_answer(tracker) is None


def _previous_action(state: State) -> str:
    return str((state.get("prev_action") or {}).get("action_name"))


def _kind_of_action(action: str | None) -> str:
    """Answers alike: which topic it was does not matter to what comes next."""
    if action in FAQ_RESPONSES:
        return "general answer"
    return str(action)
