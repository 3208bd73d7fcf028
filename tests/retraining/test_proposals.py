"""Proposals: what they may hold, what they change, what is wrong with them."""

import json
import threading
from pathlib import Path

import pytest
import yaml

from retraining import proposal_check, rasa_stories
from retraining.examples import ROOT
from retraining.proposal_folder import ProposalError, folder_of
from retraining.proposal_items import (
    ExampleItem,
    ItemError,
    MovedExample,
    Origin,
    StoryItem,
    TermItem,
    TestStoryItem,
)
from retraining.proposal_list import all_proposals
from retraining.proposals import Proposal

CHAT = "2b0f5b4e-7a1c-4d4e-9a37-4f3ad9a8a001"
COST = [{"intent": "ask_cost"}, {"action": "utter_cost"}]


@pytest.fixture
def root(tmp_path):
    """A small project."""
    folder = tmp_path / "project"
    files = {
        "domain.yml": 'version: "3.1"\nintents: [ask_cost, medical_dosing]\n'
        "actions: [utter_cost, utter_handoff_dosing, utter_human, action_hand_off]\n",
        "data/nlu/cost.yml": 'version: "3.1"\nnlu:\n- intent: ask_cost\n'
        "  examples: |\n    - how much is it\n    - the price please\n",
        "data/nlu/dosing.yml": 'version: "3.1"\nnlu:\n- intent: medical_dosing\n'
        "  examples: |\n    - how many milligrams\n",
        "data/nlu/lookups/medicine.yml": 'version: "3.1"\nnlu:\n- lookup: medicine\n'
        "  examples: |\n    - zoloft\n- synonym: sertraline\n  examples: |\n"
        "    - zoloft\n",
        "data/rules/hand_off.yml": 'version: "3.1"\nrules:\n- rule: hand off dosing\n'
        "  steps:\n  - intent: medical_dosing\n  - action: utter_handoff_dosing\n"
        "  - action: action_hand_off\n",
        "data/stories/cost.yml": 'version: "3.1"\nstories:\n- story: asks the price\n'
        "  steps:\n  - intent: ask_cost\n  - action: utter_cost\n",
        "tests/nlu/report/all.yml": 'version: "3.1"\nnlu:\n- intent: ask_cost\n'
        "  examples: |\n    - what would one visit cost me\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def proposal(tmp_path, root):
    return Proposal.create(tmp_path / "home", "Cost in other words", "Ann", root=root)


def story(steps, title="goes wrong"):
    text = yaml.safe_dump([{"story": title, "steps": steps}], sort_keys=False)
    return StoryItem(title, steps, text)


def found(proposal, check):
    return [each for each in proposal.check() if each.check == check]


# --- What it changes -----------------------------------------------------------------
def test_items_are_laid_over_the_project_and_nothing_is_written_there(proposal, root):
    before = {file: file.read_text() for file in root.rglob("*.yml")}
    proposal.add(
        [
            ExampleItem("ask_cost", "what would it run me"),
            MovedExample("how many milligrams", "medical_dosing", "ask_cost"),
            TermItem("medicine", "zolofft", "sertraline"),
            story(COST * 2, "asks twice"),
            TestStoryItem("asks", [{"patient": "how much", "route": "faq"}]),
        ],
        "Ann",
    )
    again = Proposal.load(proposal.folder, root=root)

    assert sorted(again.files) == [
        "data/nlu/cost_reviewed.yml",
        "data/nlu/dosing.yml",
        "data/nlu/lookups/medicine.yml",
        f"data/stories/reviewed/{again.id}.yml",
        f"tests/stories/reviewed/{again.id}.yml",
    ]
    assert again.diff().words == (
        "1 example for *cost*, 1 example moved from *dosing* to *cost*, 1 word for "
        "*medicine*, 1 story, 1 test story"
    )
    assert (
        "+    - what would it run me"
        in again.diff().files["data/nlu/cost_reviewed.yml"]
    )
    assert before == {file: file.read_text() for file in root.rglob("*.yml")}


def test_materialized_project_has_the_changes_and_all_the_rest(
    proposal, root, tmp_path
):
    proposal.add([ExampleItem("ask_cost", "what would it run me")], "Ann")
    proposal.materialize(tmp_path / "tree")
    written = tmp_path / "tree" / "data" / "nlu" / "cost_reviewed.yml"

    assert "what would it run me" in written.read_text()
    assert (tmp_path / "tree" / "data" / "rules" / "hand_off.yml").is_file()
    with pytest.raises(ProposalError, match="not empty"):
        proposal.materialize(tmp_path / "tree")


def test_lineage_names_conversation_message_file_and_line(proposal):
    origin = Origin(CHAT, (3,), 17)
    item = ExampleItem("ask_cost", "what would it run me", origin=origin)
    proposal.add([ExampleItem("ask_cost", "the damage per visit"), item], "Ann")
    _, second = proposal.lineage

    assert second.origin == origin
    assert (second.file, second.line) == ("data/nlu/cost_reviewed.yml", 6)


def test_a_full_file_is_followed_by_a_second_one(proposal, root):
    proposal.add([ExampleItem("ask_cost", f"what costs {n}") for n in range(310)], "A")

    assert "data/nlu/cost_reviewed_2.yml" in proposal.files
    assert max(text.count("\n") for text in proposal.files.values()) <= 300
    assert "310 examples for *cost*" in proposal.diff().words


def test_what_went_live_is_not_added_twice(proposal, root):
    proposal.add([ExampleItem("ask_cost", "what would it run me")], "Ann")
    for name, text in proposal.files.items():
        (root / name).write_text(text)
    again = Proposal.load(proposal.folder, root=root)

    assert again.files == {}


def test_same_items_have_the_same_digest(proposal, root, tmp_path):
    other = Proposal.create(tmp_path / "other", "Something else", "Bo", root=root)
    for each in (proposal, other):
        each.add([ExampleItem("ask_cost", "what would it run me")], "Ann")

    assert proposal.digest == other.digest
    other.add([ExampleItem("ask_cost", "any hidden fees in that")], "Ann")
    assert proposal.digest != other.digest


@pytest.mark.parametrize(
    "name",
    [
        "data/responses/cost.yml",
        "data/rules/safety.yml",
        "safety/phrases/crisis_abuse.yml",
        "data/nlu/../rules/safety.yml",
        "config.yml",
        "/etc/passwd",
    ],
)
def test_other_files_can_not_be_changed(proposal, name):
    with pytest.raises(ProposalError, match="a proposal changes"):
        proposal.edit(name, "x", "Ann")


def test_a_whole_file_shows_in_words_whatever_is_in_it(proposal, root):
    text = (root / "data/nlu/cost.yml").read_text()
    proposal.edit("data/nlu/cost.yml", text.replace("    - how much is it\n", ""), "A")
    proposal.edit("data/stories/x.yml", 'version: "3.1"\nresponses: {}\n', "A")
    words = proposal.diff().words

    assert "1 example of *cost* taken out" in words
    assert "responses in data/stories/x.yml" in words


# --- Nothing private -----------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "call me at 303-555-0142",
        "write to sam@mail.example",
        "my name is Samantha Sample",
        "i was born on 3/14/1975",
        "call me at [PHONE]",
        "is it [cheap](cost)",
        "two\nlines",
        "",
    ],
)
def test_examples_with_something_private_or_broken_are_refused(proposal, text):
    with pytest.raises(ItemError):
        proposal.add([ExampleItem("ask_cost", text)], "Ann")

    assert Proposal.load(proposal.folder).items == []


# --- What is wrong with it -----------------------------------------------------------
def test_example_in_two_intents_is_explained_with_file_and_line(proposal):
    proposal.add([ExampleItem("ask_cost", "How many milligrams?")], "Ann")
    (problem,) = found(proposal, "two-intents")

    assert "medical_dosing" in problem.what + problem.where
    assert "data/nlu/cost_reviewed.yml:5" in f"{problem.where} {problem.what}"
    assert "data/nlu/dosing.yml:5" in f"{problem.where} {problem.what}"


def test_example_of_a_test_set_is_refused_but_not_its_own_test_story(proposal):
    turns = [{"patient": "what does one visit run me", "route": "faq"}]
    proposal.add(
        [
            ExampleItem("ask_cost", "what does one visit run me"),
            TestStoryItem("asks in other words", turns),
            ExampleItem("ask_cost", "what would one visit cost me"),
        ],
        "Ann",
    )
    (problem,) = found(proposal, "shared-with-tests")

    assert "what would one visit cost me" in problem.what


def test_story_against_a_rule_names_both(proposal):
    proposal.add([story([{"intent": "medical_dosing"}, COST[1]])], "Ann")
    (problem,) = found(proposal, "story-against-rule")

    assert problem.where == f"data/stories/reviewed/{proposal.id}.yml:3"
    assert "data/rules/hand_off.yml:3" in problem.what
    assert "utter_handoff_dosing, then action_hand_off" in problem.what


def test_story_that_leaves_out_the_hand_off_is_against_its_rule(proposal):
    steps = [{"intent": "medical_dosing"}, {"action": "utter_handoff_dosing"}]
    proposal.add([story(steps)], "Ann")

    assert found(proposal, "story-against-rule")


def test_story_against_a_story_names_both(proposal):
    proposal.add([story([COST[0], {"action": "utter_human"}])], "Ann")
    (problem,) = found(proposal, "story-against-story")

    assert "data/stories/cost.yml:3" in problem.what
    assert "utter_human" in problem.what and "utter_cost" in problem.what


def test_story_that_fits_has_no_finding(proposal):
    proposal.add([story([*COST, *COST], "asks the price twice")], "Ann")

    assert [each for each in proposal.check() if "stor" in each.check] == []


def test_old_problems_are_not_the_proposals(proposal, root):
    before = proposal_check.check(root, {})
    assert before == []
    proposal.add([ExampleItem("ask_cost", "what would it run me")], "Ann")
    assert proposal.check() == []


def test_moving_what_is_not_there_any_more_is_said(proposal):
    item = MovedExample("nobody says this", "ask_cost", "medical_dosing")
    proposal.add([item], "Ann")
    (problem,) = proposal.check()

    assert "no example of ask_cost any more" in problem.what


# --- Rasa's own hand -----------------------------------------------------------------
@pytest.mark.slow
def test_story_written_by_rasa_is_read_by_rasa_and_judged_by_it(tmp_path):
    steps = [
        {"intent": "ask_cost", "entities": [{"treatment": "iv"}]},
        {"action": "utter_cost"},
        {"intent": "medical_dosing"},
        {"action": "utter_human"},
    ]
    title = 'asks the price, then: "how much" of it'
    text = rasa_stories.write_story(title, steps)
    assert yaml.safe_load(text) == [{"story": title, "steps": steps}]

    proposal = Proposal.create(tmp_path, "A story against a rule", "Ann")
    proposal.add([StoryItem(title, steps, text)], "Ann")
    said = rasa_stories.contradictions(ROOT, proposal.files)
    assert [each["story"] for each in said] == [title]
    assert "hand off dosing" in said[0]["what"]


def test_rasa_refuses_what_it_can_not_read():
    with pytest.raises(rasa_stories.RasaError):
        rasa_stories.write_story("asks", [{"nothing": "known"}])


# --- Its life ------------------------------------------------------------------------
def test_a_submitted_proposal_is_closed_until_it_is_taken_back(proposal):
    proposal.add([ExampleItem("ask_cost", "what would it run me")], "Ann")
    proposal.move_to("submitted", "Ann")
    assert proposal.summary == "1 example for *cost*"
    with pytest.raises(ProposalError, match="is submitted"):
        proposal.add([ExampleItem("ask_cost", "and the total")], "Bo")
    proposal.move_to("open", "Bo")
    proposal.add([ExampleItem("ask_cost", "and the total")], "Bo")

    assert [each["actor"] for each in proposal.history] == ["Ann"] * 3 + ["Bo"] * 2


def test_two_people_at_once_lose_nothing(proposal, root):
    def add(name):
        mine = Proposal.load(proposal.folder, root=root)
        for number in range(10):
            mine.add([ExampleItem("ask_cost", f"{name} asks {number}")], name)

    threads = [threading.Thread(target=add, args=(name,)) for name in ("ann", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(Proposal.load(proposal.folder, root=root).items) == 20


def test_a_proposal_is_found_by_its_id_alone(proposal, tmp_path):
    home = tmp_path / "home"
    assert folder_of(home, proposal.id) == proposal.folder
    for wrong in ("../proposals", "20260101-00000000", "", proposal.id + "/.."):
        with pytest.raises(ProposalError):
            folder_of(home, wrong)
    assert [each.id for each in all_proposals(home)] == [proposal.id]


def test_a_broken_file_is_named(proposal):
    file = proposal.folder / "proposal.json"
    values = json.loads(file.read_text())
    file.write_text(json.dumps(values | {"items": [{"kind": "answer"}]}))
    with pytest.raises(ProposalError, match=r"proposal\.json"):
        Proposal.load(Path(proposal.folder))
    assert all_proposals(proposal.folder.parents[1]) == []  # the others still show
