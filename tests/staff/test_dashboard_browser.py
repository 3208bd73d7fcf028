"""The dashboard in a browser: keys, a phone, print, and no barrier (axe)."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.staff.dashboard_log import PAGE, log

__all__ = ["log"]
pytestmark = pytest.mark.slow
VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
WORK = {
    "psi": 0.31,
    "distance": 0.2,
    "chance": 0.1,
    "messages": 400,
}


@pytest.fixture
def questions(log, monkeypatch):
    """The groups as the other process would give them (test_dashboard has it run)."""
    from django.core.cache import cache
    from django.utils import timezone

    from frontdesk.chat.models import Message
    from frontdesk.dashboard import wording

    asked = Message.objects.filter(
        conversation_id=log.patients["lost"].id, author="patient"
    )
    group = {"nearest": "admin_hours_location", "probability": 0.8}
    group["messages"] = list(asked.values_list("pk", flat=True))
    monkeypatch.setattr(
        wording,
        "work_out",
        lambda period: {
            "made_at": timezone.now().isoformat(),
            "groups": [group],
            "words": WORK,
            "confidence": WORK | {"psi": 0.01},
        },
    )
    cache.clear()
    yield
    cache.clear()


def look(page):
    """No barrier, and nothing to scroll sideways."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.viewport_size["width"]


@pytest.mark.parametrize("view", VIEWS)
def test_numbers_are_read_followed_and_printed(view, log, questions, desk_of, people):
    query = "&".join(f"{name}={value}" for name, value in log.period.items())
    page = desk_of(people.viewer, f"{PAGE}?{query}", **VIEWS[view])
    expect(page.get_by_text("2 questions in 1 conversation")).to_be_visible()
    expect(page.get_by_text("A lot: read conversations")).to_be_visible()
    look(page)

    # Each chart opens as a table, by keys.
    charts = page.locator("svg.chart")
    assert charts.count() == page.locator("details.values").count() >= 5
    table = page.locator("#f-routes details.values")
    table.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(table.get_by_role("row", name=re.compile("Medical"))).to_be_visible()
    for closed in page.locator("details:not([open]) > summary").all():
        if closed.is_visible():
            closed.click()
    look(page)

    page.emulate_media(media="print")
    expect(page.locator("#f-topics table")).to_be_visible()
    expect(page.locator(".contents")).to_be_hidden()
    page.emulate_media(media="screen")
    table.get_by_role("row", name=re.compile("Medical")).get_by_role("link").click()

    expect(page.locator(".result [role=status]")).to_have_text("2 conversations")
    assert page.complaints == []
