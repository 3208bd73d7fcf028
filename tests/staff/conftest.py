"""Fixtures of the staff pages' tests: the real gateway, and people signed in to it."""

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import (  # isort: skip
    fake_rasa,
    running_gateway,
)

from django.conf import settings

from tests.staff.staff_client import People


@pytest.fixture(scope="session")
def gateway():
    """The gateway that the tests of the chat use too."""
    started = running_gateway()
    yield started
    started.stop()


@pytest.fixture
def rasa(gateway):
    """A Rasa that says what the test tells it to."""
    fake_rasa().reset()
    yield fake_rasa()
    fake_rasa().reset()


@pytest.fixture
def patient(gateway, rasa):
    """A visitor of the website in a new conversation."""
    return gateway.patient()


@pytest.fixture(scope="session")
def people(gateway):
    """One signed-in person of each role; ``people.new(role)`` for one of your own."""
    everybody = People(gateway)
    yield everybody
    everybody.close()


@pytest.fixture
def change(monkeypatch):
    """Changes settings for one test."""

    def set_to(**values):
        for name, value in values.items():
            monkeypatch.setattr(settings, name, value, raising=False)

    return set_to
