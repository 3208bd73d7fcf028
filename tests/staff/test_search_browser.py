"""Search and review in a browser: keys, addresses, a phone, and no barrier (axe)."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import SUSPECTED
from tests.staff.search_helpers import LIST, chat, digested, word

pytestmark = pytest.mark.slow
VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@pytest.fixture(params=VIEWS)
def page(request, desk_of, gateway, rasa, people):
    """A page of somebody who may review, with two conversations waiting for it."""
    from frontdesk.inbox.models import Digest

    digested()
    Digest.objects.update(harm=0)
    request.node.word = word()
    request.node.waiting = [
        chat(gateway, f"{SUSPECTED} {request.node.word}").id for _ in range(2)
    ]
    opened = desk_of(people.clinician, LIST, **VIEWS[request.param])
    yield opened
    assert opened.complaints == []


def look(page):
    """No barrier, and nothing to scroll sideways."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.viewport_size["width"]


def test_words_are_searched_for_and_the_list_is_walked_by_keys(page, request):
    page.goto(LIST)
    look(page)
    page.keyboard.press("/")
    page.keyboard.type(f"{request.node.word[:9]}*")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/conversations/\?q=w[a-p]{8}(\*|%2A)$"))
    expect(page.locator(".result [role=status]")).to_have_text("2 conversations")
    expect(page.locator("mark").first).to_have_text(request.node.word)
    look(page)

    page.get_by_role("heading", level=1).click()  # out of the field
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/conversations/{request.node.waiting[0]}/"))


def test_one_key_leads_from_one_review_to_the_next(page, request):
    first, second = request.node.waiting[::-1]
    page.goto("/staff/reviews/")
    look(page)

    page.keyboard.press("n")
    expect(page).to_have_url(re.compile(f"/conversations/{first}/"))
    page.wait_for_load_state()  # its script
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile(f"/conversations/{second}/"))
    page.wait_for_load_state()
    page.keyboard.press("n")

    expect(page).to_have_url(re.compile("/staff/reviews/$"))
    expect(page.get_by_text("That was the last one")).to_be_visible()


def test_a_search_is_kept_as_a_view(page, request):
    name = word()
    page.goto(f"{LIST}?q={request.node.word}&review=no")
    page.locator(".views summary").click()
    page.get_by_label("Name of this search").fill(name)
    page.get_by_role("button", name="Keep it").click()
    page.goto(LIST)
    page.get_by_role("link", name=name).click()

    expect(page.locator(".result [role=status]")).to_have_text("2 conversations")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".views summary").click()
    look(page)
    page.get_by_role("button", name=f"Delete “{name}”").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)
