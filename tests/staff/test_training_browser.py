"""The training pages in a browser: by keyboard, on a phone, for a screen reader."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import HOME  # isort: skip

from retraining.label_errors import Suspect, write
from tests.staff.queue_for_tests import say
from tests.staff.training_for_tests import (
    RANKING,
    correct,
    correction_of,
    forget_all,
    press,
    proposals,
    talked,
    teach,
)

pytestmark = pytest.mark.slow
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages


@pytest.fixture
def visit(desk_of):
    """``desk_of`` among nothing that other tests have taught."""
    forget_all()
    yield desk_of
    forget_all()


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/training-{name}.png", full_page=True)


def chat_of(message):
    return f"/staff/conversations/{message.conversation_id}/"


def check(page, name):
    """No violation, nothing beside the screen, nothing in the console."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{name}: {wide} pixels too wide"
    assert page.complaints == [], name


def test_a_conversation_is_corrected_and_taught_by_keyboard(visit, people):
    asked = talked()
    danger = say(asked.conversation, "this commute kills me")
    told = {"intent": "crisis_self_harm", "confidence": 0.5, "ranking": RANKING}
    say(asked.conversation, "Call 988.", "bot", answers=danger, **told)
    page = visit(people.trainer, chat_of(asked), **DESKTOP)
    first = page.locator("#annotate-1")

    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(first).to_contain_text("Means: Cost")
    page.keyboard.press("x")
    page.keyboard.press("Control+A")
    page.keyboard.type("what does it all come to in the end")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(first).to_contain_text("In a proposal")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("#all-intents")).to_be_visible()
    page.keyboard.type("figure of")
    expect(page.locator("#all-intents-count")).to_have_text("1 found")
    shot(page, "all-intents")
    page.keyboard.press("Enter")
    waits = "Waits until another person agrees"
    expect(page.locator("#annotate-3")).to_contain_text(waits)
    assert correction_of(danger).intent == "near_miss_idiom"
    shot(page, "conversation")
    press(people.clinician, danger, "second")

    page.get_by_role("link", name="Teach how it should go").click()
    with page.expect_response(lambda answer: answer.url.endswith("/story")):
        page.get_by_label("Usual answer after step 1").click()
        # Written while the steps are still on their way.
        title = page.get_by_label("What it is about")
        title.fill("asks the price, then uses a figure")
    expect(page.get_by_label("Step 2: the assistant")).to_have_value("utter_cost")
    expect(title).to_have_value("asks the price, then uses a figure")
    shot(page, "story")
    page.get_by_role("button", name="Add the story").click()
    # Rasa reads the story in a process of its own: seconds, more on a busy machine.
    expect(page.locator("h1")).to_contain_text("Corrections of", timeout=30000)
    expect(page.locator("#findings")).to_contain_text("Nothing is wrong", timeout=30000)
    shot(page, "proposal")
    page.get_by_role("button", name="Submit").click(timeout=60000)  # all house checks
    expect(page.get_by_text("Submitted: it can be trained")).to_be_visible(
        timeout=60000
    )
    (proposal,) = proposals()
    assert proposal.summary == "1 example for *cost*, 1 story"
    assert page.complaints == []


def test_pages_are_for_everybody_at_a_desk_and_on_a_phone(visit, people, gateway):
    wrong = Suspect("how much", "ask_history", "ask_cost", 0.8, "data/nlu/x.yml", 5)
    write(HOME, [wrong], 100)
    forget_all()
    asked, other, third = talked(), talked("how strong is it"), talked("and that")
    member = people.clinician
    pages = {}
    for name, options in (("desk", DESKTOP), ("phone", PHONE)):
        pages[name] = visit(member, "/staff/training/", **options)
    correct(people.trainer, asked, intent="ask_cost")
    teach(people.trainer, asked)
    correct(people.trainer, other, intent="medical_dosing")
    correct(people.trainer, third, intent="medical_symptoms")
    press(people.administrator, third, "second", intent="ask_cost")
    (proposal,) = proposals()
    training = f"/staff/training/conversations/{other.conversation_id}"
    for name, page in pages.items():
        for title, path in (
            ("overview", "/staff/training/"),
            ("proposal", f"/staff/training/proposals/{proposal.id}/"),
            ("conversation", chat_of(other)),
            ("settle", chat_of(third)),
            ("message", f"{training}/messages/1/"),
            ("story", f"{training}/story"),
            ("test-story", f"{training}/test-story"),
            ("label-errors", "/staff/training/label-errors/"),
        ):
            page.goto(gateway.url + path)
            if title == "proposal":
                expect(page.locator("#findings h2")).to_be_visible(timeout=30000)
            if title in ("conversation", "settle"):
                page.evaluate("localStorage.setItem('conversation-correcting', 'on')")
                page.reload()
                expect(page.locator("#annotate-1")).to_be_visible()
            check(page, f"{title} {name}")
            shot(page, f"{title}-{name}")
    (HOME / "label_errors.json").unlink()
