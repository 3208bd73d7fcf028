"""Fixtures of the front desk's tests: a gateway with a Rasa that does as it is told."""

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import (  # isort: skip
    FakeDetector,
    FakeRasa,
    Gateway,
)

from django.conf import settings
from django.core.management import call_command

from frontdesk.chat import danger
from tests.frontdesk.redis_server import running_redis


@pytest.fixture(scope="session")
def fake_rasa_server():
    return FakeRasa()


@pytest.fixture(scope="session")
def gateway(fake_rasa_server):
    call_command("migrate", verbosity=0)
    settings.RASA_URL = fake_rasa_server.url
    settings.RECOVERY_SECONDS = 0.3
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 100_000)
    danger.detector = FakeDetector
    started = Gateway()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def rasa(fake_rasa_server):
    fake_rasa_server.reset()
    yield fake_rasa_server
    fake_rasa_server.reset()


@pytest.fixture
def patient(gateway, rasa):
    return gateway.patient()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def change(monkeypatch):
    """Changes settings for one test."""

    def set_to(**values):
        for name, value in values.items():
            monkeypatch.setattr(settings, name, value)

    return set_to
