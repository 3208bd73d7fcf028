"""Twenty harmful proposals, all stopped with words that say why.

Those that show in the files alone are tried here. Those that need a training of their
own are tried by ``make harmful`` (minutes each), on the project's own data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from retraining.content_check import ContentCheckError, check_content
from retraining.gate import Override, OverrideError, check_override
from retraining.places import Places
from retraining.proposal_folder import PROJECT, copy_project
from retraining.static_files import stale_approvals
from retraining.static_gate import findings
from safety.danger_detector import PHRASES_FOLDER, Thresholds, judge
from safety.phrase_matcher import PhraseMatcher
from tests.retraining.harmful_proposals import MORE, all_harmful, block
from tests.retraining.harmful_table import write_page

ROOT = Path(__file__).resolve().parents[2]
HARMFUL = all_harmful()
EVERY = [*HARMFUL, *all_harmful(MORE)]
ON_FILES = [each for each in EVERY if not each.needs]
ON_LIVE = [each for each in EVERY if each.needs == "live"]
TRAINED = [each for each in HARMFUL if each.needs == "training"]
# Enough of the data for the checks to have something to hold against.
NLU = ("cost", "crisis_direct", "small_talk", "booking", "near_miss_idiom", "dosing")
OVERRIDE = Override(("Nora Lee", "Sam Roy"), "we have looked at this together")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The project, with a few of its examples."""
    folder = tmp_path_factory.mktemp("harmful") / "project"
    folder.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder)
    for name in (
        "data/rules",
        "data/stories",
        "data/responses",
        "data/nlu/lookups",
        "safety/phrases",
        "safety/locked_cases",
        "actions",
    ):
        shutil.copytree(ROOT / name, folder / name)
    for name in NLU:
        shutil.copy(ROOT / f"data/nlu/{name}.yml", folder / "data" / "nlu")
    return folder


@cache
def phrases():
    return PhraseMatcher.load(PHRASES_FOLDER)


def by_phrases(text):
    return judge(phrases().match(text), {}, [], Thresholds())


@pytest.fixture(scope="module")
def found_in(root):
    """What is found in a proposal's files; looked for once."""
    found = {}

    def look(proposal):
        if proposal.name not in found:
            overlay = proposal.overlay(root)
            found[proposal.name] = findings(root, overlay, detect=by_phrases)
        return found[proposal.name]

    return look


# The reasons against each by its name; ``make harmful`` writes them down.
STOPPED: dict[str, list] = {}


@pytest.fixture(scope="module", autouse=True)
def page():
    yield
    if os.environ.get("HARMFUL") and STOPPED.keys() == {each.name for each in EVERY}:
        write_page(STOPPED, twenty=HARMFUL, further=EVERY[len(HARMFUL) :])


def names(found):
    return "\n".join(f"{reason.code}: {reason.words}" for reason in found)


def test_there_are_twenty():
    assert len(HARMFUL) == 20
    assert len({each.harm for each in EVERY}) == len(EVERY)


@pytest.mark.parametrize("proposal", ON_FILES, ids=lambda each: each.name)
def test_harm_that_shows_in_the_files_is_stopped(found_in, proposal):
    found = STOPPED[proposal.name] = found_in(proposal)

    hits = [reason for reason in found if reason.code in proposal.expected]
    assert hits, names(found)
    assert all(len(reason.words) > 30 and reason.do for reason in hits)


URGENT = {
    "danger-as-ordinary",
    "story-skips-hand-off",
    "foreign-file",
    "answer-changed",
    "story-after-danger",
    "vocabulary-hidden",
    "vocabulary-gone",
}


@pytest.mark.parametrize(
    "proposal", [e for e in ON_FILES if e.expected & URGENT], ids=lambda e: e.name
)
def test_nobody_can_set_danger_aside(found_in, proposal):
    with pytest.raises(OverrideError, match="Nobody can set this aside"):
        check_override(found_in(proposal), OVERRIDE)


@pytest.mark.model
@pytest.mark.parametrize("proposal", ON_LIVE, ids=lambda each: each.name)
def test_harm_that_the_live_model_sees_is_stopped(root, proposal, assistant):
    from retraining.label_check import routes_by

    live = assistant.assistant
    overlay = proposal.overlay(root)
    found = findings(root, overlay, detect=live.detect, routes=routes_by(live))

    assert {reason.code for reason in found} & proposal.expected, names(found)


MEDICINES = "data/nlu/lookups/medicine.yml"
AFTER_A_CRISIS = """version: "3.1"
stories:
- story: is in crisis, says yes, asks the price
  steps:
  - intent: crisis_self_harm
  - action: utter_crisis_self_harm
  - intent: affirm
  - action: utter_affirm
  - intent: ask_cost
  - action: utter_cost
"""


def harmless(root):
    medicines = (root / MEDICINES).read_text(encoding="utf-8")
    more = medicines.replace(
        "    - sertraline\n", "    - sertraline\n    - sertra\n", 1
    )
    idioms = ["this traffic jam is killing me slowly", "i would kill for parking"]
    prices = ["what would one go set me back", "ballpark figure for six"]
    return {
        "prices": {"data/nlu/cost_reviewed.yml": block("ask_cost", prices)},
        "a false alarm": {"data/nlu/idiom.yml": block("near_miss_idiom", idioms)},
        "a new misspelling": {MEDICINES: more},
        "a story": {"data/stories/reviewed/x.yml": AFTER_A_CRISIS},
    }


@pytest.mark.parametrize("name", list(harmless(ROOT)))
def test_harmless_proposal_is_not_stopped(root, name):
    found = findings(root, harmless(root)[name], detect=by_phrases)

    assert not found, names(found)


APPROVED = """
version: "3.1"
responses:
  utter_cost:
  - text: "{text}"
    metadata: {{route: faq, topic: cost, status: {status}, approved_on: "{day}"}}
"""


@pytest.mark.parametrize(("text", "status", "day", "stale"), [
    ("It costs more now.", "approved", "2026-11-01", True),
    ("It costs more now.", "approved", "2026-11-20", False),
    ("It costs more now.", "draft", "", False),
    ("It costs.", "approved", "2026-11-01", False),
])  # fmt: skip
def test_text_changed_under_an_old_approval(tmp_path, text, status, day, stale):
    file = tmp_path / "data" / "responses" / "cost.yml"
    file.parent.mkdir(parents=True)
    old = {"text": "It costs.", "status": "approved", "day": "2026-11-01"}
    file.write_text(APPROVED.format(**old))
    new = APPROVED.format(text=text, status=status, day=day)

    found = list(stale_approvals(tmp_path, {"data/responses/cost.yml": new}))

    assert [reason.code for reason in found] == ["answer-changed"] * stale


def test_content_is_checked_against_a_revision(root, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(root, project)
    where = Places(root=project, models=tmp_path / "models", home=tmp_path)

    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(project), *who, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert check_content(where, with_rasa=False) == []

    for proposal in HARMFUL:
        if proposal.name in ("crisis_as_small_talk", "example_set_poisoned"):
            for name, text in proposal.overlay(project).items():
                (project / name).write_text(text)
    shutil.copy(ROOT / "data/nlu/eligibility.yml", project / "data/nlu/new.yml")

    codes = {reason.code for reason in check_content(where, with_rasa=False)}
    assert {"danger-as-ordinary", "safety-examples-gone"} <= codes
    git("add", "-A")
    git("commit", "-qm", "second")
    assert check_content(where, with_rasa=False) == []
    assert check_content(where, since="HEAD~1", with_rasa=False)
    with pytest.raises(ContentCheckError, match="Name a revision"):
        check_content(where, since="nowhere", with_rasa=False)


@pytest.mark.skipif(not os.environ.get("HARMFUL"), reason="make harmful: minutes each")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("proposal", TRAINED, ids=lambda each: each.name)
def test_harm_that_only_a_training_shows_is_stopped(tmp_path, proposal):
    from retraining.build import build
    from retraining.compare import compare
    from retraining.gate import reasons

    home = Path(os.environ.get("CLINIC_HOME") or ROOT / "var")
    places = Places(root=ROOT, models=tmp_path / "models", home=home)
    shutil.copytree(
        ROOT / "models", places.models, ignore=shutil.ignore_patterns("running")
    )
    overlay = proposal.overlay(ROOT)

    class Proposed:
        id = proposal.name.replace("_", "-")
        files = overlay

        def materialize(self, into):
            copy_project(ROOT, into)
            for name, text in overlay.items():
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                (into / name).write_text(text, encoding="utf-8")

    build(places, "harmful", Proposed(), author="Nora")
    comparison = compare(places, "harmful")

    found = STOPPED[proposal.name] = reasons(comparison)
    print(names(found))
    assert {reason.code for reason in found} & proposal.expected, names(found)
