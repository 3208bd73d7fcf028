"""The assistant in this process: loads a trained model and answers, without a server.

Called by ``retraining.evaluate`` and, through the fixture ``assistant``, by tests.
Custom actions run in this process too; if they fail, the replies before them stand, as
they would with the action server down.
"""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from components.routing import Evidence, RoutingThresholds
from retraining.examples import ROOT
from retraining.train import newest_model
from safety.danger_detector import (
    DangerDetector,
    Verdict,
    detector_of_model,
    shared_detector,
)
from safety.live_model import DETECTOR_FILE

ACTIONS_PACKAGE = "actions"
SLOT_AFTER_URGENT = "after_urgent"
NO_ROUTE = "none"


class NoModelError(RuntimeError):
    """There is no trained model to ask."""


@dataclass(frozen=True)
class Reply:
    """One reply of the assistant, with what the contract says it carries."""

    text: str
    route: str
    topic: str | None = None
    check_in: bool = False
    suggestions: tuple[str, ...] = ()
    handoff: str | None = None
    response: str | None = None
    draft: bool = False
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A patient's message, what was understood and what was said."""

    text: str
    replies: tuple[Reply, ...] = ()
    intent: str | None = None
    confidence: float = 0.0
    safety: dict[str, Any] = field(default_factory=dict)
    after_urgent: bool = False  # the conversation is marked since a crisis


class ActionsInProcess:
    """Stands for the action server: same call, same answer, no network."""

    url = "in-process"

    def __init__(self, package: str = ACTIONS_PACKAGE) -> None:
        """Registers the actions of a package, if there is one."""
        from rasa_sdk.executor import ActionExecutor

        self._executor = ActionExecutor()
        if importlib.util.find_spec(package):
            self._executor.register_package(package)

    async def request(
        self, *, json: dict[str, Any], **kwargs: Any
    ) -> dict[str, Any] | None:
        """Runs an action; Rasa handles a failure as it does a server's."""
        return await self._executor.run(json)


class Assistant:
    """A loaded model with its answers, ready for conversations."""

    def __init__(self, agent: Any, detector: DangerDetector | None = None) -> None:
        """Takes a Rasa agent and its danger detector; ``load`` makes them."""
        self._agent = agent
        self._detector = detector or shared_detector()

    @classmethod
    def load(cls, model: Path | None = None, *, silent: bool = True) -> Assistant:
        """Loads a model, the newest one if none is named.

        Args:
            model: a ``.tar.gz`` that ``make train`` wrote.
            silent: keep Rasa's log, which would carry test messages, out of sight.

        Raises:
            NoModelError: if there is no such model.
        """
        file = model or newest_model()
        if file is None or not file.is_file():
            raise NoModelError(
                f"{file or 'models/'}: no trained model there. Run 'make train'."
            )
        from components import compat

        compat.install()
        from rasa.core.agent import Agent
        from rasa.utils.endpoints import EndpointConfig

        if silent:
            silence()
        endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text())
        # A model's own detector lies beside it.
        beside = file.with_name(DETECTOR_FILE)
        detector = DangerDetector.load(beside) if beside.is_file() else None
        token = detector_of_model.set(detector)
        try:
            agent = Agent.load(
                file,
                generator=EndpointConfig.from_dict(endpoints["nlg"]),
                action_endpoint=ActionsInProcess(),
            )
        finally:
            detector_of_model.reset(token)
        return cls(agent, detector)

    @property
    def model_name(self) -> str:
        """File name of the model."""
        return str(self._agent.model_name)

    @property
    def thresholds(self) -> RoutingThresholds:
        """The routing thresholds that the model was trained with."""
        nodes = self._agent.processor.model_metadata.predict_schema.nodes
        for node in nodes.values():
            if node.uses.__name__ == "SafetyGate":
                return RoutingThresholds(**(node.config.get("thresholds") or {}))
        return RoutingThresholds()

    async def ask(self, conversation_id: str, text: str) -> list[Reply]:
        """The replies to a message, in order; the conversation goes on."""
        return list((await self.turn(conversation_id, text)).replies)

    async def turn(self, conversation_id: str, text: str) -> Turn:
        """The same as ``ask``, with what was understood."""
        from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
        from rasa.shared.core.events import UserUttered

        message = UserMessage(text, CollectingOutputChannel(), conversation_id)
        await self._agent.handle_message(message)
        tracker = await self._agent.tracker_store.retrieve(conversation_id)
        events = list(tracker.events)
        heard = max(
            index for index, event in enumerate(events) if type(event) is UserUttered
        )
        parse_data = events[heard].parse_data or {}
        intent = parse_data.get("intent") or {}
        return Turn(
            text=text,
            replies=tuple(_replies(events[heard + 1 :])),
            intent=intent.get("name"),
            confidence=float(intent.get("confidence") or 0.0),
            safety=parse_data.get("safety") or {},
            after_urgent=bool(tracker.get_slot(SLOT_AFTER_URGENT)),
        )

    def understand(self, text: str) -> Evidence:
        """What ``components.routing`` decides by, for one message.

        Runs the pipeline once more and keeps what Rasa's parse result leaves out.
        """
        from rasa.core.channels.channel import UserMessage
        from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER

        from components.calibrated_intent_classifier import (
            CLAUSE_RANKINGS_KEY,
            PROBABILITIES_KEY,
        )

        processor = self._agent.processor
        target = processor.model_metadata.nlu_target
        parsed = processor.graph_runner.run(
            inputs={
                PLACEHOLDER_MESSAGE: [UserMessage(text)],
                PLACEHOLDER_TRACKER: None,
            },
            targets=[target],
        )[target][0]
        return Evidence(
            text=text,
            whole=parsed.get(PROBABILITIES_KEY) or {},
            clauses=parsed.get(CLAUSE_RANKINGS_KEY) or [],
            entities=parsed.get("entities") or [],
            verdict=self._detector.detect(text),
        )

    def detect(self, text: str) -> Verdict:
        """The verdict of the model's own danger detector."""
        return self._detector.detect(text)

    def forget(self, conversation_id: str) -> None:
        """Drops a conversation from memory."""
        from components.tracker_erasure import erase_tracker

        erase_tracker(self._agent.tracker_store, conversation_id)


def _replies(events: list[Any]) -> list[Reply]:
    from rasa.shared.core.events import BotUttered

    return [
        reply_of(event.text or "", event.metadata or {}, (event.data or {}))
        for event in events
        if isinstance(event, BotUttered)
    ]


def reply_of(text: str, metadata: dict[str, Any], data: dict[str, Any]) -> Reply:
    """A bot event as a reply."""
    known = metadata.get("metadata") or metadata
    return Reply(
        text=text,
        route=str(known.get("route") or NO_ROUTE),
        topic=known.get("topic") or None,
        check_in=bool(known.get("check_in")),
        suggestions=tuple(known.get("suggestions") or ()),
        handoff=known.get("handoff") or None,
        response=known.get("response") or metadata.get("utter_action"),
        draft=bool(known.get("draft")),
        buttons=tuple(
            str(button.get("title")) for button in data.get("buttons") or [] if button
        ),
    )


def silence() -> None:
    """Keeps Rasa's log, which would carry messages, out of sight."""
    import structlog

    for name in ("rasa", "rasa_sdk", "components", "actions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )
