"""Loads a model beside the one that answers. Called by ``components.live_agents``."""

from __future__ import annotations

import asyncio
import copy
import logging
from pathlib import Path

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore

from safety.danger_detector import DangerDetector, detector_of_model
from safety.live_model import LiveModelError, ModelFiles

logger = logging.getLogger(__name__)

WARM_UP_TEXTS = ("hello", "how much is it, and when can i come?")
WARM_UP = "warm-up-of-a-new-model"
# Free, or the model before is dropped: rolling back then takes the time of a loading.
SPARE_MEGABYTES = 600


class ModelLoadError(RuntimeError):
    """A model can't answer."""


async def load_beside(agent: Agent, files: ModelFiles) -> Agent:
    """An agent with another model, and with the trackers, locks and actions of ours.

    Args:
        agent: the one that answers now; it goes on meanwhile.
        files: of the model.

    Raises:
        ModelLoadError: if the files are not whole, or the model does not answer.
    """
    loop = asyncio.get_running_loop()
    try:
        loaded = await loop.run_in_executor(None, _load, agent, files)
        await _warm_up(loaded)
    except Exception as error:
        logger.debug("Traceback of a model that can't be loaded.", exc_info=error)
        reason = str(error) or type(error).__name__
        raise ModelLoadError(f"models/{files.id} can't be used: {reason}") from error
    _attach(loaded, agent)
    return loaded


def _load(beside: Agent, files: ModelFiles) -> Agent:
    """In a thread: seconds of reading, of which the event loop notices little."""
    files.check()
    texts = beside.nlg
    # Stock Rasa keeps a model's own texts in it; ours come from data/responses.
    own_texts = isinstance(texts, TemplatedNaturalLanguageGenerator)
    # Its own tracker store until it has shown that it answers.
    agent = Agent(generator=None if own_texts else texts)
    token = detector_of_model.set(DangerDetector.load(files.detector))
    try:
        agent.load_model(files.archive)
    finally:
        detector_of_model.reset(token)
    return agent


async def _warm_up(agent: Agent) -> None:
    """The first patient shall not wait, and a model without a reply is none.

    Raises:
        LiveModelError: if there is no reply to a greeting.
    """
    for text in WARM_UP_TEXTS:
        output = CollectingOutputChannel()
        await agent.handle_message(UserMessage(text, output, WARM_UP))
        if not output.messages:
            raise LiveModelError(f"it has no reply to '{text}'")


def _attach(agent: Agent, like: Agent) -> None:
    """Gives an agent the trackers, locks and actions of another one."""
    store = view_of(like.tracker_store)
    if agent.domain is not None:
        store.domain = agent.domain
    # The same fallback too, so that an erasure reaches all there is.
    fallback = getattr(like.tracker_store, "fallback_tracker_store", None)
    agent.tracker_store = FailSafeTrackerStore(store, fallback_tracker_store=fallback)
    agent.lock_store = like.lock_store
    agent.action_endpoint = like.action_endpoint
    processor = agent.processor
    if processor is not None:
        processor.tracker_store = agent.tracker_store
        processor.lock_store = agent.lock_store
        processor.action_endpoint = agent.action_endpoint


def view_of(store: TrackerStore) -> TrackerStore:
    """The same trackers with a domain of its own: each agent has its model's."""
    inner = getattr(store, "_tracker_store", store)
    return copy.copy(inner)


def is_memory_free() -> bool:
    """Whether there is memory for one more model."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024 > SPARE_MEGABYTES
    return False
