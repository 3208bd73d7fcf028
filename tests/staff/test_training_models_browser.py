"""Training, comparing and releasing in a browser: in few clicks, for everybody."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import wait_until  # isort: skip

from retraining import comparison as kept
from retraining import jobs
from tests.staff.models_for_tests import (
    MISSED,
    POISON,
    compared,
    live_id,
    submitted,
    train,
)
from tests.staff.queue_for_tests import conversation, say

pytestmark = pytest.mark.slow
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages
TRAINING = "/staff/training/"


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/models-{name}.png", full_page=True)


def check(page, name):
    """No violation, nothing beside the screen, nothing in the console."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{name}: {wide} pixels too wide"
    assert page.complaints == [], name
    shot(page, name)


def test_from_the_proposal_to_patients_and_back(places, people, desk_of):
    proposal, before = submitted(places), live_id(places)
    page = desk_of(people.clinician, f"{TRAINING}proposals/{proposal.id}/", **DESKTOP)

    page.get_by_role("button", name="Train and compare").click()
    # Moves by itself; the comparison comes without a click.
    expect(page.get_by_text("Yes: nothing speaks against it")).to_be_visible(
        timeout=30_000
    )
    page.get_by_role("link", name="See what changes").click()
    expect(page.get_by_text("what does it all come to")).not_to_be_visible()
    page.get_by_text("Better: 1").click()
    expect(page.get_by_text("what does it all come to")).to_be_visible()
    page.get_by_role("link", name="The whole report").click()
    expect(page.get_by_role("heading", name="Candidate and live model")).to_be_visible()
    table = page.locator("table").first
    assert table.evaluate("e => getComputedStyle(e).borderCollapse") == "collapse"
    page.go_back()
    page.go_back()
    page.get_by_label("Why", exact=True).fill("better answers about cost")
    page.get_by_role("button", name="Make it live").click()
    expect(page.get_by_text("It is live: patients get it")).to_be_visible()
    assert live_id(places) != before
    shot(page, "live")

    page.get_by_label("Why").fill("worse for insurance")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Rolled back: the earlier model")).to_be_visible()
    assert live_id(places) == before
    assert [each for each in page.complaints if "favicon" not in each] == []


def test_pages_are_for_everybody_at_a_desk_and_on_a_phone(
    places, people, gateway, new_context, desk_of, monkeypatch
):
    monkeypatch.setenv("FAKE_TRAINING", "slow")
    said = say(conversation(improve=True), "is it pricey, all in all")
    change = {"conversation": str(said.conversation_id), "number": said.number}
    change |= {"text": "", "was": "faq: cost", "now": "faq: payment_options"}
    replay = {"conversations": 2, "messages": 9, "changed": 1, "changes": [change]}
    running, good, bad, worst = (
        submitted(places, number, title)
        for number, title in enumerate(("Runs", "Good", "Bad", "Worst"), start=1)
    )
    model = train(places, good, replay=replay)
    aside = train(places, bad, findings=[POISON])
    locked = {**kept.no_locked_cases(), "n": 9, "live": 9, "candidate": 8}
    locked |= {"newly_missed": [MISSED]}
    compared(places, train(places, worst, locked=locked), share=0.9, locked=locked)
    found = compared(places, model, share=0.95, replay=replay)
    administrator = people.administrator
    administrator.post(f"{TRAINING}models/{model}/release", try_it())
    why = {"reason": "we have read all of them"}
    administrator.post(f"{TRAINING}models/{aside}/set-aside", why)
    people.trainer.post(f"{TRAINING}proposals/{running.id}/train", {"days": "0"})
    job = wait_until(lambda: jobs.current(places))
    pages = {
        "training": f"proposals/{running.id}/",
        "open": f"proposals/{good.id}/",
        "set-aside": f"proposals/{bad.id}/",
        "closed": f"proposals/{worst.id}/",
        "log": f"trainings/{job.id}/log",
        "model": f"models/{model}/",
        "models": "models/",
        "comparison": f"comparisons/{found.id}/",
        "missed": f"comparisons/{kept.all_comparisons(places)[1].id}/",
        "replay": f"comparisons/{found.id}/replay",
        "overview": "",
    }
    for name, options in (("desk", DESKTOP), ("phone", PHONE)):
        page = desk_of(people.clinician, TRAINING, **options)
        for title, path in pages.items():
            page.goto(f"{gateway.url}{TRAINING}{path}")
            closed = page.locator("main details:not([open]) > summary")
            while closed.count():  # each click leaves one less
                closed.first.click()
            check(page, f"{title}-{name}")


def try_it():
    return {"do": "try", "share": "10", "reason": "see how it does"}
