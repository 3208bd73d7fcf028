"""Pictures of the widget for the documentation: ``pytest tests/widget/screenshots.py``.

Not run with the tests. Look at each picture before you commit it.
"""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.widget.conftest import ROOT
from tests.widget.test_accessibility import PHONE

FOLDER = ROOT / "docs" / "screenshots"
MOST_BYTES = 150_000
DESKTOP = {"viewport": {"width": 1280, "height": 820}}


@pytest.fixture
def keep():
    def _keep(page, name):
        page.page.wait_for_timeout(500)
        FOLDER.mkdir(parents=True, exist_ok=True)
        picture = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
        file = FOLDER / f"{name}.png"
        picture.quantize(256).save(file, optimize=True)
        assert file.stat().st_size < MOST_BYTES

    return _keep


def test_consent(visit, keep):
    page = visit(**DESKTOP)
    page.open()
    page.type("How much does one infusion cost?")
    expect(page.rows.last).to_contain_text("Kept in this window")
    keep(page, "consent")


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("desktop", DESKTOP),
        ("dark", DESKTOP | {"color_scheme": "dark"}),
        ("forced-colours", DESKTOP | {"forced_colors": "active"}),
        ("phone", PHONE | {"device_scale_factor": 2}),
    ],
)
def test_answer(visit, keep, name, look):
    page = visit(**look)
    page.begin()
    page.ask("How much does one infusion cost?")
    keep(page, name)


def test_sources(visit, keep):
    page = visit(**DESKTOP)
    page.begin()
    page.ask("How fast does it work?")
    last = page.rows.last
    last.get_by_role("button", name="Sources").click()
    last.get_by_role("button", name="Helpful", exact=True).click()
    page.page.mouse.move(5, 300)
    keep(page, "sources")


def test_greeting_on_a_phone(visit, keep):
    page = visit(**PHONE, device_scale_factor=2)
    page.begin()
    keep(page, "phone-greeting")


def test_crisis(visit, keep):
    page = visit(**DESKTOP)
    page.begin()
    page.type("I don't want to be alive any more")
    expect(page.chat.locator(".row.urgent")).to_have_count(3)
    keep(page, "crisis")


def test_outage(visit, keep):
    page = visit(**DESKTOP)
    page.begin()
    page.page.context.set_offline(True)
    page.type("Can I eat before my visit?")
    expect(page.chat.locator(".outage")).to_be_visible()
    keep(page, "outage")
    page.page.context.set_offline(False)


def test_staff(visit, keep):
    page = visit(**DESKTOP)
    page.begin()
    page.staff("join", name="Jordan R.")
    expect(page.rows).to_have_count(3)
    page.staff("say", name="Jordan R.", text="Hello, this is Jordan at the front desk.")
    expect(page.rows).to_have_count(4)
    page.type("Hi! Is there a place to park?")
    page.page.wait_for_timeout(800)
    page.staff("say", name="Jordan R.", text="Yes, behind the building. It is free.")
    expect(page.chat.locator(".row.staff")).to_have_count(2)
    keep(page, "staff-joined")


def test_spanish_and_closed_office(visit, keep, gateway):
    gateway.ask("clock", at="2026-11-22T18:00:00+00:00")
    page = visit(**DESKTOP)
    page.begin()
    page.choose("Español")
    page.ask("¿Cuánto cuesta?")
    page.page.mouse.move(5, 300)
    keep(page, "spanish-closed")


def test_call_back(visit, keep):
    page = visit(**DESKTOP)
    page.begin()
    page.choose("Ask for a call back")
    page.button("Send").last.click()
    keep(page, "call-back")


def test_embedded(visit, keep):
    page = visit("/embed", viewport={"width": 420, "height": 680})
    page.agree()
    keep(page, "embedded")
