"""The whole path on the real models: corrected in the inbox, live minutes later.

``make whole-path``. A patient is misunderstood; a colleague corrects the message and
proposes it; the proposal is trained, compared and made live; the same question is now
answered rightly in the widget; the model is rolled back. In a copy of the project, so
that nothing of this one changes; every step through a browser.
"""

import os
import time

import pytest
from playwright.sync_api import expect

from retraining.gate import counted
from tests.e2e.whole_product import PASSWORD, Product
from tests.widget.chromium import launched_browser
from tests.widget.patient_page import PatientPage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not os.environ.get("WHOLE_PATH"), reason="make whole-path"),
]
MOST_SECONDS = 600  # of the whole path, on two cores
MOST_CLICKS = 3  # of a step
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages
# What patients may say for the price; the first that is misunderstood is taught.
WORDINGS = [
    "whats the damage for one of those drips",
    "how deep into my pocket do i go for this",
    "how many greenbacks per go",
    "what do you folks want for one round of it",
    "what kind of dough are we talking for one",
    "how heavy is the hit per visit",
    "do i need to sell my car for this",
]


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    made = Product(tmp_path_factory.mktemp("whole-path"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def browser():
    with launched_browser() as launched:
        yield launched


class Steps:
    """The steps of the path: who clicked how often, how long each one took."""

    def __init__(self):
        self.done = []
        self._began = time.monotonic()

    def end(self, name, clicks=0):
        now = time.monotonic()
        self.done.append((name, clicks, now - self._began))
        self._began = now
        assert clicks <= MOST_CLICKS, self.done

    @property
    def seconds(self):
        return sum(seconds for _, _, seconds in self.done)

    def __str__(self):
        lines = [
            f"{seconds / 60:5.1f} min, {counted(clicks, 'click')}: {name}"
            for name, clicks, seconds in self.done
        ]
        return "\n".join([*lines, f"{self.seconds / 60:5.1f} min in all"])


class Desk:
    """A member of staff in a browser, whose clicks are counted."""

    def __init__(self, browser, product, role):
        self.page = browser.new_context(**DESKTOP, base_url=product.url).new_page()
        self.page.set_default_timeout(30_000)
        self.page.goto("/staff/account/login/")
        self.page.get_by_label("E-mail").fill(f"{role}@clinic.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/staff/")
        self.clicks = 0

    def click(self, name, role="button", **options):
        self.click_on(self.page.get_by_role(role, name=name, **options).first)

    def click_on(self, what):
        what.click()
        self.clicks += 1

    def done(self, steps, name):
        """The end of a step."""
        shot(self.page, name)
        steps.end(name, self.clicks)
        self.clicks = 0


def shot(page, name):
    if SHOTS:
        file = f"{SHOTS}/whole_path_{name.replace(' ', '_')}.png"
        page.screenshot(path=file)


def asked_in_the_widget(browser, product, text, name):
    """What a new patient reads; gives the first words of the reply."""
    context = browser.new_context(**DESKTOP)
    patient = PatientPage(context.new_page(), None)
    patient.goto(product.url)
    patient.begin(improve=True)
    before = len(patient.texts("bot"))
    patient.ask(text)
    said = " ".join(patient.texts("bot")[before:])
    shot(patient.page, name)
    context.close()
    return said


def test_from_a_wrong_answer_to_a_right_one_and_back(browser, product):
    wrong = next(w for w in WORDINGS if product.understood(w)[1] != "cost")
    right = asked_in_the_widget(browser, product, "how much does it cost", "right")
    roles = ("trainer", "clinician", "administrator")
    trainer, clinician, administrator = (Desk(browser, product, r) for r in roles)

    steps = Steps()
    before = asked_in_the_widget(browser, product, wrong, "asked")
    assert before != right
    steps.end("ask in the widget")
    correct(trainer, steps, wrong)
    propose(trainer, steps, wrong)
    train_and_compare(trainer, steps)
    proposal = trainer.page.url
    release(clinician, administrator, proposal, steps)
    assert asked_in_the_widget(browser, product, wrong, "asked again") == right
    steps.end("ask again in the widget")
    roll_back(clinician, proposal, steps)
    assert asked_in_the_widget(browser, product, wrong, "asked a third time") == before

    print(f"\n“{wrong}”\n{steps}")
    assert steps.seconds < MOST_SECONDS


def correct(trainer, steps, wrong):
    """The message in the inbox gets its right meaning, and becomes an example."""
    page = trainer.page
    found = page.locator(".found > li").filter(has_text=wrong)
    page.goto("/staff/conversations/")
    # Found a few seconds after it was written; this test had asked it before, too.
    while found.count() < 2:
        page.wait_for_timeout(500)
        page.reload()
    trainer.click_on(found.first.get_by_role("link").first)
    first = page.locator(".annotate").first
    trainer.click_on(first.get_by_role("link", name="Something else"))
    every = page.locator("#all-intents")
    trainer.click_on(every.get_by_role("button", name="Cost", exact=True))
    expect(first).to_contain_text("Means: Cost")
    trainer.done(steps, "correct the message")
    trainer.click("Nothing in it points to a person", role="checkbox")
    trainer.click("Add", exact=True)
    expect(first).to_contain_text("In a proposal")
    trainer.done(steps, "teach it")


def propose(trainer, steps, wrong):
    """More wordings of the same kind, written by staff; then it can be trained."""
    page = trainer.page
    page.get_by_role("link", name="In a proposal").click()
    for text in WORDINGS:
        if text != wrong:
            page.get_by_label("As a patient might write it").fill(text)
            page.get_by_label("It means").select_option("ask_cost")
            page.get_by_role("button", name="Add it").click()
            again = page.get_by_label("Add it all the same")
            if again.count():
                again.check()
                page.get_by_role("button", name="Add it").click()
    steps.end("write six more wordings")
    checked = page.get_by_text("Nothing is wrong with it")
    expect(checked).to_be_visible(timeout=60_000)
    trainer.click("Submit")
    expect(page.get_by_text("Submitted: it can be trained")).to_be_visible(
        timeout=180_000
    )
    trainer.done(steps, "propose it")


def train_and_compare(trainer, steps):
    """In the background; the page shows how far it is, and what came of it."""
    page = trainer.page
    trainer.click("Train and compare")
    expect(page.get_by_role("progressbar")).to_be_visible()
    shot(page, "training")
    expect(page.get_by_text("May it go live?")).to_be_visible(timeout=560_000)
    trainer.done(steps, "train and compare")
    trainer.click("See what changes", role="link")
    shot(page, "what changes")
    page.go_back()
    trainer.clicks = 0


def release(clinician, administrator, proposal, steps):
    """By an open gate, or by two people where it says that they may."""
    page = clinician.page
    page.goto(proposal)
    if page.get_by_text("nothing speaks against it").count():
        page.get_by_label("Why", exact=True).fill("better answers about cost")
        clinician.click("Make it live")
        at = clinician
    else:
        print("\n".join(page.locator(".finding").all_inner_texts()))
        clinician.click_on(page.get_by_text("Make it live all the same"))
        page.get_by_label("Why", exact=True).fill("we have read each of them")
        clinician.click("Ask a second person")
        clinician.done(steps, "ask a second person")
        at = administrator
        at.page.goto(proposal)
        at.click("I take it on myself too")
    live = at.page.get_by_text("It is live: patients get it")
    expect(live).to_be_visible(timeout=90_000)
    at.done(steps, "make it live")


def roll_back(clinician, proposal, steps):
    """The model before, with its data."""
    page = clinician.page
    page.goto(proposal)
    page.get_by_label("Why").fill("only to see that it works")
    clinician.click("Roll back")
    expect(page.get_by_text("Rolled back: the earlier")).to_be_visible(timeout=90_000)
    clinician.done(steps, "roll back")
