"""The queue in a browser: live, loud until it is acknowledged, usable by keyboard."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import CERTAIN, HAND_OFF
from tests.staff.queue_for_tests import QUEUE, alert, conversation, empty, say, ticket

pytestmark = pytest.mark.slow
VIEWS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
}
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages


@pytest.fixture
def visit(desk_of):
    """The queue of a member, live, with nothing in it; ``context=``: another tab."""
    empty()

    def _visit(member, path=QUEUE, **options):
        page = desk_of(member, path, **options)
        expect(page.locator("#alarm")).to_have_attribute("data-live", "yes")
        return page

    return _visit


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/queue-{name}.png", full_page=True)


def test_crisis_shows_at_once_and_is_acknowledged_by_keyboard(visit, people, patient):
    page, colleagues = visit(people.responder), visit(people.clinician)
    expect(page.locator("#queue-empty")).to_be_visible()

    patient.say(CERTAIN)

    entry = page.locator(f"[id='c-{patient.id}']")
    expect(entry).to_contain_text("thoughts of suicide", timeout=3000)
    expect(page).to_have_title(re.compile(r"^\(1\) Queue"))
    expect(page.locator("#alarm-news")).to_contain_text("New and urgent: Crisis")
    button = entry.get_by_role("button", name="Acknowledge")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(entry).to_contain_text("You have it.")
    expect(page).to_have_title(re.compile(r"^Queue"))
    expect(page.locator("#urgent-now")).to_be_hidden()
    # Who works by keyboard is still in the same entry.
    assert entry.evaluate("entry => entry.contains(document.activeElement)")
    theirs = colleagues.locator(f"[id='c-{patient.id}']")
    expect(theirs).to_contain_text(f"{people.responder.name} has it.")
    expect(colleagues).to_have_title(re.compile(r"^Queue"))
    assert page.complaints == colleagues.complaints == []


def test_news_take_nothing_away_from_who_is_working(visit, people, patient, rasa):
    handed = ticket("dosing", 3)
    page = visit(people.responder)
    entry = page.locator(f"[id='c-{handed.conversation_id}']")
    entry.get_by_text("Resolve", exact=False).first.click()
    entry.get_by_label("Called back").check()

    rasa.say(HAND_OFF)
    patient.say("how much may i take")
    patient.replies()

    expect(page.locator(f"[id='c-{patient.id}']")).to_be_visible(timeout=3000)
    say(handed.conversation, "are you there", "patient")
    page.evaluate("document.dispatchEvent(new CustomEvent('staff:queue'))")
    expect(entry).to_contain_text("are you there", timeout=3000)
    expect(entry.get_by_label("Called back")).to_be_checked()
    expect(entry.get_by_label("Called back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(entry).to_have_count(0)
    expect(page.locator("#news")).to_contain_text("Resolved: Called back.")
    assert page.complaints == []


def test_every_page_tells_and_sounds_until_it_is_acknowledged(visit, people, patient):
    page = visit(people.responder, "/staff/conversations/")
    second = visit(people.responder, context=page.context)
    page.get_by_role("button", name="Turn sound on").click()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()

    patient.say(CERTAIN)

    expect(page).to_have_title(re.compile(r"^\(1\) "), timeout=3000)
    expect(second).to_have_title(re.compile(r"^\(1\) Queue"), timeout=3000)
    expect(page.locator("#alarm")).to_have_attribute("data-rang", "1", timeout=3000)
    link = page.get_by_role("link", name="1 urgent: nobody has acknowledged it")
    expect(link).to_be_visible()
    page.reload()
    expect(page.locator("#alarm-hint")).to_contain_text("Click anywhere once")
    second.get_by_role("button", name="Acknowledge").click()
    expect(page).not_to_have_title(re.compile(r"^\("), timeout=3000)


NOTE_NOTIFICATIONS = """
window.told = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, options) { window.told.push(`${title} ${options.body}`); }
  close() {}
};
"""


def test_notification_tells_once_a_browser_and_names_no_patient(visit, people, patient):
    page = visit(people.responder)
    page.context.add_init_script(NOTE_NOTIFICATIONS)
    page.reload()
    second = visit(people.responder, context=page.context)

    patient.say(CERTAIN)
    expect(second).to_have_title(re.compile(r"^\(1\) "), timeout=3000)
    page.wait_for_function("window.told.length > 0")

    (told,) = [*page.evaluate("window.told"), *second.evaluate("window.told")]
    assert "Somebody may be in danger" in told
    assert "suicide" not in told and CERTAIN not in told


def test_lost_connection_is_said_and_made_up_for(visit, people):
    page = visit(people.responder)
    context = page.context
    context.set_offline(True)
    expect(page.locator("#connection")).to_contain_text("lost", timeout=9000)
    raised = alert("crisis", "self_harm")
    context.set_offline(False)

    expect(page.locator("#connection")).to_be_empty(timeout=20000)
    expect(page.locator(f"[id='c-{raised.conversation_id}']")).to_be_visible()


@pytest.mark.parametrize("view", VIEWS)
def test_page_is_accessible_and_fits(visit, people, view):
    whose = conversation(after_urgent=True)
    say(whose, "i want to end it all")
    say(whose, "Please call or text 988 now. In danger call 911.", "bot")
    alert("crisis", "self_harm", 4, whose)
    ticket("call_back", 3, whose)
    alert("emergency", "overdose", 9, assigned_to=people.clinician.person)
    alert("crisis", "abuse", 2, whose=False)
    ticket("stop_medication", 70, assigned_to=people.responder.person)
    calm = conversation()
    say(calm, "can i talk to somebody")
    ticket("human", 2000, calm)
    page = visit(people.responder, **VIEWS[view])
    _shot(page, f"{view}-closed")
    page.get_by_text("What was said, and how to reach them").first.click()
    for menu in ("resolve", "hand", "snooze"):
        page.locator(f"details[id^='{menu}-']").last.locator("summary").click()
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    _shot(page, view)

    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= VIEWS[view]["viewport"]["width"]
    assert page.complaints == []
