"""From an invitation to a second factor and back in, in a browser; axe at each step."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.staff.staff_client import PASSWORD
from tests.staff.totp import code_of

pytestmark = pytest.mark.slow
STRONG = "purple kettle over 9 rivers"
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"viewport": {"width": 1180, "height": 860}, "color_scheme": "dark"}
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Visit:
    """One person's browser."""

    axe = Axe()

    def __init__(self, page, url):
        self.page = page
        self.url = url
        self.complaints = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def goto(self, path):
        self.page.goto(self.url + path)

    def see(self, heading, shot=None):
        """The page with this heading, accessible and within its policy."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        options = {"resultTypes": ["violations"]}
        found = self.axe.run(self.page, options=options).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert self.page.evaluate("window.violations") == []
        wide = "document.documentElement.scrollWidth > innerWidth"
        assert not self.page.evaluate(wide), f"{heading}: wider than the screen"
        if SHOTS and shot:
            self.page.screenshot(path=f"{SHOTS}/people-{shot}.png", full_page=True)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name):
        self.page.get_by_role("link", name=name, exact=True).click()

    def fill(self, **fields):
        for label, value in fields.items():
            named = re.compile(f"^{label.replace('_', ' ')}:?$")
            self.page.get_by_label(named).fill(value)

    def sign_in(self, email, password):
        self.goto("/staff/account/login/")
        self.fill(**{"E-mail": email, "Password": password})
        self.press("Sign in")

    def sign_out(self):
        self.page.locator("details.me summary").click()
        self.press("Sign out")


@pytest.fixture
def visit(new_context, gateway):
    made = []

    def _visit(**options):
        context = new_context(**options)
        context.add_init_script(NOTE_VIOLATIONS)
        # A passkey needs a name, not a number.
        url = gateway.url.replace("127.0.0.1", "localhost")
        made.append(Visit(context.new_page(), url))
        return made[-1]

    yield _visit
    for each in made:
        assert each.complaints == []


def test_from_an_invitation_to_a_code_at_the_next_sign_in(visit, people, change):
    boss = people.make("administrator")
    office = visit(**DARK)
    office.sign_in(boss.email, PASSWORD)
    office.goto("/staff/people/")
    office.see("People", "people-dark")
    office.fill(**{"E-mail": "nurse@clinic.example"})
    office.page.get_by_label(re.compile("^Role:?$")).select_option("responder")
    office.press("Make a link")
    office.see("nurse@clinic.example is invited", "link")
    link = office.page.get_by_label("Link").input_value()
    office.press("Copy")
    change(SECOND_FACTOR_REQUIRED=True)

    phone = visit(**PHONE)
    phone.page.goto(link)
    phone.see("Make your account", "account")
    phone.fill(Your_name="Nora Nurse", New_password="short")
    phone.fill(The_password_again="short")
    phone.press("Make the account")
    phone.see("Make your account", "weak")
    phone.fill(New_password=STRONG, The_password_again=STRONG)
    phone.press("Make the account")

    phone.see("Second factor", "second-factor")
    expect(phone.page.get_by_text("One step is left")).to_be_visible()
    phone.follow("Set up an app")
    phone.see("Set up an authenticator app", "app")
    loaded = "document.querySelector('img.square').naturalWidth > 0"
    assert phone.page.evaluate(loaded), "the square to scan is shown"
    phone.page.get_by_text("The app can't scan").click()
    secret = phone.page.locator("#authenticator_secret").inner_text()
    phone.fill(Six_digits=code_of(secret))
    phone.press("Set up")
    phone.see("Recovery codes", "codes")
    assert phone.page.locator(".codes li").count() == 10
    phone.follow("I have kept them")
    expect(phone.page).to_have_url(re.compile(r"/staff/$"))

    phone.sign_out()
    phone.see("Sign in", "sign-in")
    phone.sign_in("nurse@clinic.example", STRONG)
    phone.see("Second factor", "code")
    phone.fill(Code="000000")
    phone.press("Sign in")
    phone.see("Second factor", "wrong-code")
    phone.fill(Code=code_of(secret, 1))
    phone.press("Sign in")
    expect(phone.page).to_have_url(re.compile(r"/staff/$"))


def test_a_passkey_is_made_and_signs_in_without_a_password(visit, people):
    person = people.make("clinician")
    desk = visit()
    with_key(desk.page)
    desk.sign_in(person.email, PASSWORD)
    desk.goto("/staff/account/2fa/webauthn/add/")
    desk.see("Is it you?", "again")
    desk.fill(Password=PASSWORD)
    desk.press("Go on")
    desk.see("Add a passkey", "passkey")
    desk.press("Add")
    desk.see("Recovery codes")
    desk.goto("/staff/account/2fa/webauthn/")
    desk.see("Your passkeys", "passkeys")
    desk.goto("/staff/account/2fa/")
    desk.see("Second factor", "second-factor-set")
    desk.sign_out()
    desk.see("Sign in")

    desk.press("Sign in with a passkey")

    expect(desk.page).to_have_url(re.compile(r"/staff/$"))
    assert desk.page.locator("details.me summary").inner_text() == person.name
    desk.sign_out()
    desk.sign_in(person.email, PASSWORD)
    desk.see("Second factor")
    desk.press("Use a passkey")
    expect(desk.page).to_have_url(re.compile(r"/staff/$"))


def test_the_pages_of_refusals_are_accessible_too(visit, people):
    person = people.make("viewer")
    desk = visit(**PHONE)
    desk.goto("/staff/account/invitation/nobodys/")
    desk.see("This link opens nothing")
    for _ in range(4):
        desk.sign_in(person.email, "wrong password")
    desk.see("Sign in", "wrong")
    desk.sign_in(person.email, "wrong password")
    desk.see("Sign-in is paused", "paused")
    other = people.make("viewer")
    desk.sign_in(other.email, PASSWORD)
    desk.goto("/staff/people/")
    desk.see("Not for your role", "refused")
    desk.goto("/staff/nowhere/")
    desk.see("Nothing is here")
    desk.goto("/staff/account/password/")
    desk.see("Change your password", "password")


def with_key(page):
    """A security key as Chromium plays it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
