"""A whole takeover in two browsers: a nurse's and a patient's with the widget."""

import os
import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import CERTAIN, wait_until
from tests.widget.patient_page import PatientPage

from frontdesk.chat import takeover_ends  # isort: skip - Django is set up by now
from frontdesk.chat.models import Takeover  # isort: skip
from frontdesk.chat.texts import texts  # isort: skip
from frontdesk.inbox.models import Flag, Review  # isort: skip

pytestmark = pytest.mark.slow
TUESDAY = datetime(2026, 11, 17, 18, tzinfo=UTC)
VIEWS = {
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages


@pytest.fixture(autouse=True)
def open_office(monkeypatch):
    monkeypatch.setattr(texts(), "now", lambda: TUESDAY)


@pytest.fixture
def open_transcript(desk_of):
    """A member's browser at a conversation."""

    def _open(member, conversation_id, rest="", **options):
        path = f"/staff/conversations/{conversation_id}/{rest}"
        page = desk_of(member, path, **options)
        expect(page.locator("#alarm")).to_have_attribute("data-live", "yes")
        return page

    return _open


@pytest.fixture
def widget(new_context, gateway, rasa):
    """A patient at the widget of the clinic's page."""
    page = PatientPage(new_context().new_page(), gateway)
    page.goto(gateway.url + "/")
    page.begin()
    return page


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/transcript-{name}.png", full_page=True)


def _conversation_of(widget):
    from frontdesk.chat import sessions

    return sessions.find(widget.token).pk


def _focused(page):
    return page.evaluate("document.activeElement.id")


def test_nurse_and_patient_talk_and_the_assistant_is_silent(
    widget, open_transcript, people
):
    nurse = people.new("clinician", name="Jordan R.")
    page = open_transcript(nurse, _conversation_of(widget))
    log = page.locator("#log")
    page.get_by_role("button", name="Join as Jordan R.").click()

    expect(widget.panel).to_contain_text("Jordan R. is in this chat")
    field = page.get_by_label("Your message to the patient")
    expect(field).to_be_focused()
    field.press_sequentially("Hel")
    expect(widget.chat.locator(".typing")).to_be_visible()
    field.fill("")
    page.get_by_text("Ready-made replies").click()
    page.get_by_role("button", name="Hello", exact=True).click()
    expect(field).to_have_value(re.compile("this is a person now"))
    field.press("Control+Enter")
    said = widget.chat.locator(".row.staff")
    expect(said).to_contain_text("Jordan R., clinic staff")
    expect(field).to_have_value("")
    expect(field).to_be_focused()

    # As slowly as a person: the hint is sent again while they type.
    widget.composer.press_sequentially("can i park the", delay=500)
    expect(page.locator("#patient-typing")).to_be_visible()
    field.fill("half a sent")  # what is being written survives the patient's message
    widget.composer.fill("can i park there?")
    widget.composer.press("Enter")
    expect(log).to_contain_text("can i park there?")
    expect(page.locator("#patient-typing")).to_be_hidden()
    expect(field).to_have_value("half a sent")

    bot = widget.chat.locator(".row.bot").count()
    widget.type(CERTAIN)
    expect(log.locator(".urgent").first).to_contain_text("988")
    assert widget.chat.locator(".row.urgent").count() >= 1
    field.fill("I am calling you now.")
    page.get_by_role("button", name="Send").click()
    expect(said.last).to_contain_text("I am calling you now.")
    _shot(page, "takeover")

    page.get_by_label("What came of it?").select_option("called_back")
    page.get_by_role("button", name="Hand back to the assistant").click()
    expect(widget.chat.locator(".row.system").last).to_contain_text(
        "has left this chat"
    )
    expect(page.locator("#matters")).to_contain_text(
        "resolved by Jordan R.: Called back"
    )
    urgent = widget.chat.locator(".row.urgent").count()
    assert widget.chat.locator(".row.bot").count() - bot <= urgent
    widget.ask("and what does it cost?")
    expect(log).to_contain_text("and what does it cost?")
    expect(log).to_contain_text("It costs what it costs.")
    assert page.complaints == [] == widget.errors


def test_second_nurse_sees_who_is_there(patient, open_transcript, people):
    first = people.new("responder", name="Maria Lopez")
    second = people.new("responder", name="Maria Lopez")
    one = open_transcript(first, patient.id)
    two = open_transcript(second, patient.id)
    one.get_by_role("button", name="Join as Maria Lopez").click()

    expect(two.locator("#presence")).to_contain_text(
        "Maria Lopez is in this chat since"
    )
    expect(two.locator("#say-text")).to_have_count(0)
    expect(one.locator("#say-text")).to_have_count(1)


def test_page_that_is_open_beats_and_one_that_is_closed_does_not(
    patient, open_transcript, people, monkeypatch
):
    monkeypatch.setattr(takeover_ends.watch, "since", timezone.now() - timedelta(1))
    monkeypatch.setattr(settings, "TAKEOVER_LOST", timedelta(seconds=3))
    page = open_transcript(people.responder, patient.id)
    page.get_by_role("button", name=re.compile("Join as")).click()
    expect(page.locator("#presence[data-mine]")).to_be_visible()
    page.wait_for_timeout(4000)
    assert takeover_ends.current(patient.id)
    with page.expect_request(re.compile("/here$"), timeout=20_000) as beat:
        pass
    assert beat.value.response().status == 204
    page.close()

    wait_until(lambda: takeover_ends.current(patient.id) is None, 10)
    assert Takeover.objects.get(conversation=patient.id).end == "lost"


def test_everything_by_keyboard(patient, open_transcript, people, rasa):
    patient.say("call me at 303-555-0142")
    patient.replies()
    page = open_transcript(people.responder, patient.id)
    press = page.keyboard.press
    numbers = page.locator("#log article").evaluate_all("all => all.map(a => a.id)")
    press("j")
    assert _focused(page) == numbers[0]
    for _ in numbers:
        press("j")
    assert _focused(page) == numbers[-1]
    press("k")
    asked = page.locator(f"#{numbers[-2]}")
    assert _focused(page) == numbers[-2]
    press("e")
    expect(asked.locator("details.behind")).to_have_attribute("open", "")

    reason = asked.get_by_label("Why do you need to see it?", exact=False)
    reason.focus()
    page.keyboard.type("just calling back")  # j, k, e, r are letters here
    expect(reason).to_have_value("just calling back")
    press("Enter")
    expect(asked.locator(".original")).to_contain_text("303-555-0142")
    flagged = asked.get_by_label("Why should this message be looked at again?")
    flagged.focus()
    page.keyboard.type("wants a call")
    press("Enter")
    expect(asked.locator(".flagged")).to_contain_text("wants a call")
    assert Flag.objects.filter(message__conversation=patient.id).exists()

    page.locator("h1").click()
    press("r")
    press("Space")
    press("Enter")
    expect(page.locator("#review")).to_contain_text("Right answer or right hand-off")
    wait_until(lambda: Review.objects.filter(conversation=patient.id).exists())
    press("Escape")
    page.locator("h1").click()
    press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Use single keys on this device").uncheck()
    press("Escape")
    page.locator("h1").click()
    press("/")
    assert _focused(page) != "search"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use single keys on this device").check()
    page.get_by_role("button", name="Close").click()
    press("/")
    assert _focused(page) == "search"
    assert page.complaints == []


def test_link_to_a_message_leads_there(patient, open_transcript, people):
    number = patient.greeting[-1]["id"]
    page = open_transcript(people.viewer, patient.id, f"#message-{number}")

    expect(page.locator(f"#message-{number}")).to_be_focused()


@pytest.mark.parametrize("view", VIEWS)
def test_accessible_in_every_state(patient, open_transcript, people, rasa, view):
    patient.say("call me at 303-555-0142")
    (reply,) = patient.replies()
    patient.post("/chat/feedback", {"message": reply["id"], "thumb": "up"})
    patient.say(CERTAIN)
    responder = people.responder
    responder.post(f"/staff/conversations/{patient.id}/notes", {"text": "A note."})
    responder.post(f"/staff/conversations/{patient.id}/tags", {"name": "a tag"})
    page = open_transcript(responder, patient.id, **VIEWS[view])
    assert page.complaints == []  # axe and screenshots cause some of their own
    for details in page.locator("details.behind").all():
        details.locator("summary").click()
    _shot(page, f"{view}-open")
    assert _violations(page) == []
    page.get_by_role("button", name=re.compile("Join as")).click()
    expect(page.locator("#say-text")).to_be_visible()
    page.get_by_text("Ready-made replies").click()
    _shot(page, f"{view}-mine")
    assert _violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= VIEWS[view]["viewport"]["width"]
    page.get_by_role("button", name="Keys").click()
    assert _violations(page) == []


def _violations(page):
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"]])
        for each in found["violations"]
    ]
