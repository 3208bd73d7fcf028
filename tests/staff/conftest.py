"""Fixtures of the staff pages' tests: the real gateway, and people signed in to it."""

import sys

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import (  # isort: skip
    fake_rasa,
    running_gateway,
)

from django.conf import settings

from frontdesk.training import releasing, trainings
from frontdesk.training.models import SetAside
from retraining import job_processes, jobs
from tests.staff.models_for_tests import installation
from tests.staff.staff_client import People
from tests.widget.chromium import launched_browser

QUICK_TRAINER = (sys.executable, "-W", "ignore", "-m", "tests.staff.fake_training")


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


@pytest.fixture
def places(gateway, tmp_path, change, monkeypatch):
    """An installation of its own for the training pages, with a quick trainer."""
    made = installation(tmp_path)
    change(ROOT=made.root, MODELS=made.models, CLINIC_HOME=made.home)
    monkeypatch.setattr(trainings, "WORKER", QUICK_TRAINER)
    monkeypatch.setattr(releasing, "SECONDS_TO_FOLLOW", 0)
    monkeypatch.setenv("FAKE_TRAINING", "")
    yield made
    SetAside.objects.all().delete()
    job = jobs.current(made)
    if job is not None:
        job_processes.cancel(made, job.id)


@pytest.fixture(scope="module")
def browser():
    """A Chromium; where there is none the test says so, in CI it fails."""
    # Playwright's loop runs in the thread of the tests, where Django would object.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # As people have it: no sound before somebody has touched the page.
        option = "--autoplay-policy=document-user-activation-required"
        with launched_browser(option) as launched:
            yield launched


@pytest.fixture
def new_context(browser):
    """Makes somebody's browser, which forgets everything after the test."""
    made = []

    def make(**options):
        made.append(browser.new_context(**options))
        made[-1].set_default_timeout(15_000)
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def desk_of(new_context, gateway):
    """A staff page in a member's browser; ``context=`` for another tab of the same.

    What the browser complains about is in ``page.complaints``.
    """

    def visit(member, path, context=None, **options):
        context = context or new_context(base_url=gateway.url, **options)
        for name, value in member.http.cookies.items():
            address = f"{gateway.url}/staff/"
            context.add_cookies([{"name": name, "value": value, "url": address}])
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: _note_error(page, line))
        page.goto(gateway.url + path)
        return page

    return visit


def _note_error(page, line):
    if line.type == "error":
        page.complaints.append(line.text)
