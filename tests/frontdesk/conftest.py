"""Fixtures of the front desk's tests: a gateway with a Rasa that does as it is told."""

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import (  # isort: skip
    fake_rasa,
    running_gateway,
)

from django.conf import settings

from tests.frontdesk.redis_server import running_redis


@pytest.fixture(scope="session")
def fake_rasa_server():
    return fake_rasa()


@pytest.fixture(scope="session")
def gateway():
    started = running_gateway()
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
