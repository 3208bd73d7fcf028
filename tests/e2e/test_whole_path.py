"""The whole path on the real models: corrected in the inbox, live minutes later.

``make whole-path``. A patient is misunderstood; a colleague corrects the message and
proposes it; the proposal is trained, compared and made live; the same question is now
answered rightly in the widget; the model is rolled back. In a copy of the project, so
that nothing of this one changes; every step through a browser.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from retraining.train import newest_model
from tests.ports import free_ports
from tests.widget.chromium import launched_browser
from tests.widget.patient_page import PatientPage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not os.environ.get("WHOLE_PATH"), reason="make whole-path"),
]
ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 600  # of the whole path, on two cores
MOST_CLICKS = 3  # of a step
PASSWORD = "correct horse battery staple"
# What patients may say for the price; the first that is misunderstood is taught.
WORDINGS = [
    "whats the damage for one of those drips",
    "how deep into my pocket do i go for this",
    "how many greenbacks per go",
    "what do you folks want for one round of it",
    "is it going to clean me out",
    "how heavy is the hit per visit",
    "do i need to sell my car for this",
]
ACCOUNTS = """
import json, sys, django
django.setup()
from frontdesk.staff.models import Person
for role in json.loads(sys.argv[1]):
    email = f"{role}@clinic.example"
    Person.objects.create_user(email, name=role, role=role, password=sys.argv[2])
"""


class Product:
    """A copy of the project with its newest model, running as a whole."""

    def __init__(self, folder):
        self.root = folder / "project"
        ports = free_ports(3)
        names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
        own = dict(zip(names, map(str, ports), strict=True))
        self.env = os.environ | own | {"CLINIC_HOME": str(self.root / "var")}
        self.url = f"http://localhost:{ports[0]}"
        self.log = folder / "log"
        self._copy()

    def _copy(self):
        listed = self._git(ROOT, "ls-files", "-z", "-c", "-o", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        (self.root / "models").mkdir()
        model = newest_model()
        for file in (model, *(model.parent / n for n in (
            "danger_detector.npz", "trained.json"))):  # fmt: skip
            shutil.copy2(file, self.root / "models")
        self._git(self.root, "init", "-q")
        self._git(self.root, "add", "-A")
        who = ("-c", "user.name=test", "-c", "user.email=test@clinic.example")
        self._git(self.root, *who, "commit", "-qm", "a copy")

    def _git(self, folder, *arguments):
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def start(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.run"],
                cwd=self.root,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 600
        while "Everything is ready" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < until, self.log.read_text()[-3000:]
            time.sleep(0.5)
        roles = json.dumps(["trainer", "clinician", "administrator"])
        subprocess.run(
            [sys.executable, "-c", ACCOUNTS, roles, PASSWORD],
            cwd=self.root,
            env=self.env | self._secrets(),
            check=True,
        )

    def _secrets(self):
        files = (self.root / "var" / "secrets").iterdir()
        found = {file.name.upper(): file.read_text().strip() for file in files}
        return found | {"DJANGO_SETTINGS_MODULE": "frontdesk.settings"}

    def understood(self, text):
        """Route and topic of the first reply to a message of a new patient."""
        with httpx.Client(base_url=self.url, timeout=30) as http:
            version = http.get("/chat/config").json()["consent"]["version"]
            opened = http.post("/chat/sessions", json={"consent_version": version})
            http.headers["Authorization"] = f"Bearer {opened.json()['token']}"
            said = {"client_id": "a-message", "text": text}
            first = http.post("/chat/messages", json=said).json()["message"]["id"]
            until = time.monotonic() + 20
            while time.monotonic() < until:
                after = http.get("/chat/messages", params={"after": first}).json()
                for each in after["messages"]:
                    if each["author"] == "bot":
                        return each["route"], each["topic"]
                time.sleep(0.2)
        raise AssertionError("no reply")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


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


class Desk:
    """A member of staff in a browser, whose clicks are counted."""

    def __init__(self, browser, product, role):
        self.page = browser.new_context(base_url=product.url).new_page()
        self.page.set_default_timeout(30_000)
        self.page.goto("/staff/account/login/")
        self.page.get_by_label("E-mail").fill(f"{role}@clinic.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/staff/")
        self.clicks, self.steps = 0, []

    def click(self, name, role="button", **options):
        self.page.get_by_role(role, name=name, **options).first.click()
        self.clicks += 1

    def done(self, step):
        """The end of a step."""
        self.steps.append((step, self.clicks))
        assert self.clicks <= MOST_CLICKS, self.steps
        self.clicks = 0


def asked_in_the_widget(browser, product, text):
    """What a new patient reads; gives the first words of the reply."""
    context = browser.new_context()
    patient = PatientPage(context.new_page(), None)
    patient.goto(product.url)
    patient.begin(improve=True)
    before = len(patient.texts("bot"))
    patient.ask(text)
    said = " ".join(patient.texts("bot")[before:])
    context.close()
    return said


def test_from_a_wrong_answer_to_a_right_one_and_back(browser, product):
    wrong = next(w for w in WORDINGS if product.understood(w)[1] != "cost")
    right = asked_in_the_widget(browser, product, "how much does it cost")
    began = time.monotonic()
    before = asked_in_the_widget(browser, product, wrong)
    assert before != right
    trainer = Desk(browser, product, "trainer")
    page = trainer.page

    page.goto("/staff/conversations/")
    page.locator("main h3 a").first.click()
    first = page.locator(".annotate").first
    first.get_by_role("link", name="Something else").click()
    every = page.locator("#all-intents")
    every.get_by_role("button", name="Cost", exact=True).click()
    trainer.clicks += 2
    expect(first).to_contain_text("Means: Cost")
    trainer.done("correct")
    trainer.click("Nothing in it points to a person", role="checkbox")
    trainer.click("Add", exact=True)
    expect(first).to_contain_text("In a proposal")
    trainer.done("teach")
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
    trainer.click("Submit")
    expect(page.get_by_text("Submitted: it can be trained")).to_be_visible(
        timeout=180_000
    )
    trainer.done("propose")
    trainer.click("Train and compare")
    trainer.done("train and compare")
    expect(page.get_by_text("May it go live?")).to_be_visible(timeout=560_000)

    proposal = page.url
    clinician = Desk(browser, product, "clinician")
    clinician.page.goto(proposal)
    release(clinician, Desk(browser, product, "administrator"), proposal)
    assert asked_in_the_widget(browser, product, wrong) == right
    clinician.page.goto(proposal)
    clinician.page.get_by_label("Why").fill("only to see that it works")
    clinician.click("Roll back")
    clinician.done("roll back")
    expect(clinician.page.get_by_text("Rolled back: the earlier")).to_be_visible()
    assert asked_in_the_widget(browser, product, wrong) == before

    seconds = time.monotonic() - began
    print(f"\n{seconds:.0f} s; clicks: {dict(trainer.steps + clinician.steps)}")
    assert seconds < MOST_SECONDS


def release(clinician, administrator, proposal):
    """By an open gate, or by two people where it says that they may."""
    page = clinician.page
    if page.get_by_text("nothing speaks against it").count():
        page.get_by_label("Why", exact=True).fill("better answers about cost")
        clinician.click("Make it live")
        clinician.done("make it live")
    else:
        print("\n".join(page.locator(".finding").all_inner_texts()))
        clinician.page.get_by_text("Make it live all the same").click()
        page.get_by_label("Why", exact=True).fill("we have read each of them")
        clinician.click("Ask a second person")
        clinician.done("ask a second person")
        page = administrator.page
        page.goto(proposal)
        administrator.click("I take it on myself too")
        administrator.done("confirm")
    expect(page.get_by_text("It is live: patients get it")).to_be_visible(
        timeout=90_000
    )
