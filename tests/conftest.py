"""Fixtures for all tests. ``assistant`` answers with the newest trained model."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from components import compat

# Before any test module imports Rasa.
compat.install()

from playwright.sync_api import expect  # noqa: E402

# Two processes test side by side: a page may take its time there, not more.
expect.set_options(timeout=15_000)


class AssistantForTests:
    """The assistant of ``retraining.assistant``, without ``await``."""

    def __init__(self, assistant):
        self.assistant = assistant
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count()

    def ask(self, text, conversation=None):
        """The replies to a message, in a new conversation unless one is named."""
        return list(self.turn(text, conversation).replies)

    def turn(self, text, conversation=None):
        """The same with what was understood: intent, confidence, safety."""
        name = conversation or f"test-{next(self._numbers)}"
        return self._loop.run_until_complete(self.assistant.turn(name, text))

    def understand(self, text):
        """What the routing decides by."""
        return self.assistant.understand(text)

    def close(self):
        self._loop.close()


@pytest.fixture(scope="session")
def assistant():
    """The newest model in ``models/``; nothing is trained here."""
    from retraining.assistant import Assistant, NoModelError

    try:
        loaded = Assistant.load()
    except NoModelError:
        pytest.fail("There is no trained model in models/: run 'make train' first.")
    wrapped = AssistantForTests(loaded)
    yield wrapped
    wrapped.close()
