"""Two people change an answer in two browsers; axe on each page, desk and phone."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.frontdesk.gateway_for_tests import FAQ
from tests.staff.answers_for_tests import answers, copied

__all__ = ["answers", "copied"]
pytestmark = pytest.mark.slow
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for who wants to look at the pages
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
VIEWS = {"desk": DESK, "phone": PHONE}
COST = "/staff/answers/utter_cost/"
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Desk:
    """A signed-in person's browser."""

    axe = Axe()

    def __init__(self, context, member):
        self.url = member.url
        for name, value in member.http.cookies.items():
            address = f"{self.url}/staff/"
            context.add_cookies([{"name": name, "value": value, "url": address}])
        context.set_default_timeout(8000)
        context.add_init_script(NOTE_VIOLATIONS)
        self.page = context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def goto(self, path):
        self.page.goto(self.url + path)

    def press(self, name):
        self.page.get_by_role("button", name=name).first.click()

    def check(self, shot):
        """Accessible, within its policy, no wider than the screen."""
        options = {"resultTypes": ["violations"]}
        found = self.axe.run(self.page, options=options).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert self.page.evaluate("window.violations") == []
        wide = "document.documentElement.scrollWidth > innerWidth"
        assert not self.page.evaluate(wide), f"{shot}: wider than the screen"
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/answers-{shot}.png", full_page=True)


@pytest.fixture
def desk(new_context):
    made = []

    def _desk(member, **options):
        made.append(Desk(new_context(**options), member))
        return made[-1]

    yield _desk
    for each in made:
        assert each.complaints == []


def test_an_edit_goes_from_one_person_to_the_other_and_to_patients(
    desk, people, answers
):
    author = desk(people.trainer, **DESK)
    author.goto("/staff/answers/?q=first+visit+consult")
    author.page.get_by_role("link", name="Cost", exact=True).click()
    author.page.locator("#general").get_by_role("link", name="Edit").click()
    text = author.page.get_by_label("What patients read")
    verdict = author.page.locator("#verdict")
    expect(verdict).to_contain_text("Nothing stands in the way.")
    before = text.input_value()

    text.fill(before + " It is a miracle.")
    expect(verdict).to_contain_text("1 problem to solve.")
    findings = author.page.get_by_label("What the content checks say")
    expect(findings).to_contain_text(re.compile(r"Line \d+: 'miracle'"))
    author.page.get_by_label("Why").fill("patients ask for it")
    author.press("Propose")
    alert = author.page.locator("main [role=alert]")
    expect(alert).to_contain_text("can't be used yet")
    assert text.input_value().endswith("It is a miracle.")
    author.check("edit-problem")
    text.fill(before + " Just ask.")
    expect(verdict).to_contain_text("Nothing stands in the way.")
    expect(author.page.locator("#preview ins")).to_contain_text("Just ask.")
    asked = author.page.get_by_text("does every new claim stand in one of them?")
    expect(asked).to_be_visible()
    author.page.get_by_label("Find another fact").press_sequentially("referral plans")
    author.page.get_by_label("Some plans need a referral").check()
    expect(asked).to_have_count(0)
    author.check("edit-fact")
    author.press("Propose")
    expect(author.page.get_by_text("Facts put in:")).to_be_visible()
    expect(author.page.get_by_text("These are your own words")).to_be_visible()
    expect(author.page.get_by_role("button", name="Approve")).to_have_count(0)

    second = desk(people.clinician, **PHONE)
    second.goto("/staff/answers/")
    second.page.get_by_role("link", name="Cost: said when").click()
    expect(second.page.locator("ins")).to_contain_text("Just ask.")
    second.press("Approve")
    expect(second.page.locator("#news")).to_contain_text("Approved.")
    assert answers.spot().answer.text == before + " Just ask."
    second.page.get_by_role("link", name="History").click()
    heading = second.page.get_by_role("heading", name="New words approved")
    expect(heading).to_be_visible()
    second.page.get_by_text("What changed").first.click()
    expect(second.page.locator("ins").first).to_be_visible()


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_accessible(desk, people, answers, patient, rasa, view):
    answer = answers.spot().answer
    rasa.say(FAQ | {"response": answer.name, "version": answer.version})
    patient.say("how much is it?")
    patient.replies()
    revision = answers.propose(people.trainer, answers.reworded())
    clinician = desk(people.clinician, **VIEWS[view])
    clinician.goto("/staff/answers/")
    clinician.check(f"list-{view}")
    clinician.goto("/staff/answers/utter_crisis_self_harm/")
    clinician.check(f"crisis-{view}")
    clinician.goto(COST)
    card = clinician.page.locator("#general")
    card.get_by_text("Stop saying this").click()
    clinician.check(f"stop-{view}")
    card.get_by_label("What is wrong with it?").fill("the price is old")
    card.get_by_role("button", name="Stop it now").click()
    expect(card).to_contain_text("Patients don't get this text")
    card.get_by_text("Approve as it is").click()
    clinician.check(f"answer-{view}")
    clinician.goto(f"{COST}general/edit")
    clinician.check(f"edit-{view}")
    clinician.goto(f"/staff/answers/proposals/{revision.pk}/")
    clinician.check(f"proposal-{view}")
    clinician.goto(f"{COST}history/")
    clinician.check(f"history-{view}")
    clinician.goto(f"{COST}shown/?version={answer.version}")
    clinician.check(f"shown-{view}")
    answers.file("cost").write_text("responses: {")
    clinician.goto(f"{COST}general/edit")
    clinician.check(f"unreadable-{view}")
