"""The agents of a Rasa server: which model answers whom, changed while it runs.

Set up by ``components.channels`` when the server starts. Follows ``models/live.json``:
loads a new model beside the old one in a thread (``model_loading``), lets it answer a
message, then swaps one reference. What is under way ends on the model it began with. A
model that can't be loaded leaves everything as it was, and says so.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from components.model_loading import ModelLoadError, is_memory_free, load_beside
from safety.live_model import (
    MODELS_FOLDER,
    SECONDS_BETWEEN_LOOKS,
    Live,
    LiveModelError,
    ModelFiles,
    RunningModel,
    read_live,
    stamp_of,
)

logger = logging.getLogger(__name__)

# A server that was started again may begin with an older model than the live one:
# messages wait for the live one so long, and are answered by the older one after that.
SECONDS_TO_SETTLE = 4.0


class LiveAgent:
    """Takes the place of the server's agent: hands each message to the right one.

    Everything else that Rasa asks of its agent is asked of the live one.
    """

    def __init__(self, agent: Agent) -> None:
        """Begins with the agent that the server has loaded."""
        self.live = agent
        self._canary: Agent | None = None
        self._says: Live | None = None
        self._begun: frozenset[str] = frozenset()

    def use(
        self,
        agent: Agent,
        live: Live,
        canary: Agent | None = None,
        begun: frozenset[str] = frozenset(),
    ) -> None:
        """From the next message on.

        Args:
            agent: answers.
            live: says who gets the canary.
            canary: answers those.
            begun: conversations that go on as they began, without the canary.
        """
        self._says, self._begun = live, begun
        self.live, self._canary = agent, canary

    def agent_for(self, conversation: str) -> Agent:
        """The agent that answers a conversation."""
        if self._canary is None or self._says is None or conversation in self._begun:
            return self.live
        return self._canary if self._says.takes_canary(conversation) else self.live

    async def handle_message(self, message: UserMessage) -> Any:
        """(see ``rasa.core.agent.Agent``)."""
        return await self.agent_for(message.sender_id).handle_message(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["live"], name)


class LiveAgents:
    """Keeps the agents of one server what ``live.json`` says."""

    def __init__(self, folder: Path = MODELS_FOLDER) -> None:
        """Loads nothing yet.

        Args:
            folder: of the models.
        """
        self.folder = folder
        self._app: Any = None
        self._router: LiveAgent | None = None
        self._running = RunningModel("rasa", folder)
        self._agents: dict[str, Agent] = {}
        self._seen: tuple[int, int] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._canary: str | None = None
        self._begun: frozenset[str] = frozenset()
        self._has_settled = True

    async def start(self, app: Any, loop: Any = None) -> None:
        """Takes over the server's agent; called by Sanic after its start."""
        self._app = app
        self._has_settled = False
        await self._attempt()
        self._has_settled = True
        self._tasks = [
            asyncio.create_task(work) for work in (self._follow(), self._beat())
        ]

    async def settled(self) -> None:
        """Waits, not for long, until the live model has been loaded for once."""
        until = time.monotonic() + SECONDS_TO_SETTLE
        while not self._has_settled and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def stop(self, app: Any, loop: Any = None) -> None:
        """Ends the following; called by Sanic before its stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._running.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            await self._attempt()

    async def _beat(self) -> None:
        while True:
            self._running.touch()
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    async def _attempt(self) -> None:
        try:
            router = self._take_over()
            if router is not None:
                await self._look(router)
        except Exception as error:
            logger.error("The live model can't be followed: %s", error)
            logger.debug("Traceback of the failure above.", exc_info=error)

    def _take_over(self) -> LiveAgent | None:
        """Our agent in the place of Rasa's: at the start, and after ``PUT /model``.

        That call of Rasa's own API knows of no gate: what it loads is not used.
        """
        agent = getattr(self._app.ctx, "agent", None)
        if agent is None or agent is self._router:
            return self._router
        if self._router is None:
            self._router = LiveAgent(agent)
            self._running.say(0, model_name(agent))
        else:
            logger.error("PUT /model is not used here: python -m retraining promote.")
        self._app.ctx.agent = self._router
        return self._router

    async def _look(self, router: LiveAgent) -> None:
        """Does what ``live.json`` says, if it says something new."""
        stamp = stamp_of(self.folder)
        if stamp is None or stamp == self._seen:
            return
        self._seen = stamp
        try:
            live = read_live(self.folder)
        except LiveModelError as error:
            self._running.say(-1, model_name(router.live), error=str(error))
            raise
        if live is None:
            return
        try:
            await self._switch_to(live, router)
        except ModelLoadError as error:
            logger.error("%s The model before goes on.", error)
            before = model_name(router.live)
            self._running.say(live.serial, before, error=str(error))

    async def _switch_to(self, live: Live, router: LiveAgent) -> None:
        before = router.live
        agent = await self._agent_of(live.model, before)
        canary = await self._agent_of(live.canary, before) if live.canary else None
        name = live.canary.id if live.canary else None
        if name != self._canary:
            self._begun = frozenset(await before.tracker_store.keys() if name else ())
            self._canary = name
        router.use(agent, live, canary, self._begun)
        self._keep({live.model.id: agent, **({name: canary} if name else {})})
        self._running.say(live.serial, live.model.id, canary=name)
        logger.info("Answers come from the model %s now.", live.model.id)

    async def _agent_of(self, files: ModelFiles, beside: Agent) -> Agent:
        known = self._agents.get(files.id)
        if known is not None:
            return known
        if is_made_of(beside, files):
            return beside
        return await load_beside(beside, files)

    def _keep(self, used: dict[str, Any]) -> None:
        """Keeps the agents in use, and the ones before while memory is free."""
        others = {key: each for key, each in self._agents.items() if key not in used}
        spare = dict(list(others.items())[-1:]) if is_memory_free() else {}
        self._agents = {**spare, **used}
        gc.collect()


def model_name(agent: Agent) -> str | None:
    """The id of an agent's model; a model by itself is named by its file."""
    processor = agent.processor
    if processor is None:
        return None
    path = Path(processor.model_path)
    return path.parent.name if path.name == "model.tar.gz" else path.name


def is_made_of(agent: Agent, files: ModelFiles) -> bool:
    """Whether an agent was loaded from a model's own files."""
    processor = agent.processor
    return processor is not None and Path(processor.model_path) == files.archive
