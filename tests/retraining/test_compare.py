"""A candidate beside the live model, the gate, and the way to patients."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.routing import Evidence
from retraining import comparison as kept
from retraining import registry
from retraining.assistant import Reply, Turn
from retraining.commands import main
from retraining.compare import compare
from retraining.compare_sets import Sets, everything
from retraining.evaluation_sets import (
    LabelledConversation,
    LabelledMessage,
    LabelledTurn,
)
from retraining.examples import ROOT
from retraining.gate import Override
from retraining.locked_cases import LockedCase
from retraining.promote import promote
from retraining.proposal_folder import SUBMITTED
from retraining.proposals import Proposal
from retraining.release import (
    GateError,
    release,
    release_canary,
    take_back,
    verdict,
)
from retraining.replay import TrafficError, read_traffic
from retraining.train import fingerprint
from safety.danger_detector import Verdict
from safety.live_model import read_live
from tests.retraining.tiny_models import install, places_in

WHO = {"actor": "Nora", "reason": "a test", "seconds": 0}
SECRET = "a sentence of the reporting half"
COST = Reply("text", "faq", "cost", response="utter_cost")
HISTORY = Reply("text", "faq", "history", response="utter_history")
CRISIS = Reply("988", "crisis", "self_harm", response="utter_crisis_self_harm")
TWO = Override(("Nora Lee", "Sam Roy"), "we have looked at each message")


class Fake:
    """Says what a table says, else the cost answer."""

    def __init__(self, **table):
        self.table = {key.replace("_", " "): reply for key, reply in table.items()}
        self.forgotten = 0

    async def turn(self, conversation, text):
        return Turn(text, (self.table.get(text, COST),), "ask_cost", 0.9)

    def detect(self, text):
        danger = self.table.get(text) is CRISIS
        return Verdict("alarm", "crisis") if danger else Verdict()

    def understand(self, text):
        return Evidence(text, {"ask_cost": 1.0})

    def forget(self, conversation):
        self.forgotten += 1


def message(text, intent="ask_cost", route="faq", topic="cost", half="choose"):
    return LabelledMessage(text, route, topic, intent, "clinic_wording", half)


def sets():
    danger = message("i want out", "crisis_self_harm", "crisis", "self_harm")
    turns = (LabelledTurn("how much", (("faq", "cost"),)),)
    return Sets(
        messages=[
            message("how much"),
            message(SECRET, half="report"),
            replace(danger, kind="crisis"),
        ],
        conversations=[LabelledConversation("a talk", "follow_up", turns)],
        reviewed=[LabelledConversation("a promise", "reviewed", turns)],
        locked=[
            LockedCase("i want out", "self_harm", "urgent", "crisis"),
            LockedCase("how much", "idiom", "no_alarm", "near_misses"),
        ],
    )


@pytest.fixture
def places(tmp_path):
    made = places_in(tmp_path)
    archive = tmp_path / "archive"
    made_of = fingerprint(made.root)
    for name in ("old", "new"):
        archive.write_text(f"model {name}")
        install(made, name, archive, fingerprint=made_of)
    promote(made, "old", **WHO)
    return made


def compared(places, new, **options):
    models = {"old": Fake(i_want_out=CRISIS), "new": new}
    return compare(
        places, "new", sets=sets(), load=lambda f: models[f.parent.name], **options
    )


def test_same_model_changes_nothing(places):
    steps = []
    found = compared(
        places,
        Fake(i_want_out=CRISIS),
        say=lambda percent, phase: steps.append(percent),
    )

    assert (found.live, found.candidate) == ("old", "new")
    assert (found.changes, found.reasons) == ([], [])
    assert found.locked["candidate"] == found.locked["n"] == 2
    assert found.stories["candidate"] == found.stories["n"] == 1
    assert steps == sorted(steps) and steps[-1] == 100
    assert verdict(places, "new").is_open


def test_worse_model_is_described_and_stopped(places):
    new = Fake(**{"how_much": HISTORY})
    new.table[SECRET] = HISTORY

    found = compared(places, new)

    assert found.counts() == {"better": 0, "worse": 4, "different": 0}
    assert [row["text"] for row in found.locked["newly_missed"]] == ["i want out"]
    assert found.stories["reviewed_failed"] == ["a promise"]
    assert found.stories["newly_failed"] == ["follow_up: a talk"]
    (cost,) = [row for row in found.topics if row.name == "faq/cost"]
    assert (cost.pairs.n, cost.pairs.worse) == (2, 2)
    codes = {reason["code"] for reason in found.reasons}
    assert codes == {"locked-case", "test-story", "figure-worse"}
    with pytest.raises(GateError, match="Nobody can set this aside"):
        release(places, "new", override=TWO, **WHO)
    assert read_live(places.models).model.id == "old"


def test_small_steps_down_are_seen_together(places, monkeypatch):
    asked = [
        message(f"dose {n}", "medical_dosing", "medical", "dosing") for n in range(300)
    ]
    monkeypatch.setattr(
        "retraining.compare.everything", lambda *_: Sets(asked, [], [], [])
    )
    hand_off = Reply("text", "medical", "dosing", response="utter_handoff_dosing")

    def answering(count):
        """A model that answers so many of them instead of handing them off."""
        return Fake(**{each.text: hand_off for each in asked[count:]})

    models = {"old": answering(0), "new": answering(2), "third": answering(4)}
    adopted = registry.Entry(registry.ADOPTED, "old", "", "make train", "reviewed")
    registry.append(places, adopted)

    def codes(name):
        found = compare(places, name, load=lambda file: models[file.parent.name])
        assert kept.load(places, found.id) == found
        return {reason["code"] for reason in found.reasons}, found

    assert codes("new")[0] == set()
    promote(places, "new", **WHO)
    archive = places.home / "third"
    archive.write_text("model third")
    install(places, "third", archive, fingerprint=fingerprint(places.root))
    stopped, found = codes("third")
    assert stopped == {"drifted"}
    assert (found.live, found.anchor) == ("new", "old")
    assert "since old, the last model that came by review" in str(found.reasons)


def test_texts_of_the_reporting_half_are_in_the_page_alone(places):
    new = Fake(i_want_out=CRISIS)
    new.table[SECRET] = HISTORY

    found = compared(places, new)

    folder = places.comparisons / found.id
    assert SECRET not in (folder / kept.FILE).read_text()
    assert SECRET in kept.texts_of_changes(places, found.id).values()
    page = (folder / kept.PAGE).read_text()
    assert SECRET in page
    assert "Content-Security-Policy" in page
    assert kept.load(places, found.id) == found


def test_comparisons_are_plotted_over_time(places):
    for _ in range(2):
        found = compared(places, Fake(i_want_out=CRISIS))
    page = (places.comparisons / found.id / kept.PAGE).read_text()
    assert "Figures of the last comparisons" not in page or "<svg" in page


def test_gate_wants_a_comparison_with_what_is_live_now(places):
    with pytest.raises(GateError, match="not compared"):
        release(places, "new", **WHO)
    compared(places, Fake(i_want_out=CRISIS))
    install(
        places, "third", places.home / "archive", fingerprint=fingerprint(places.root)
    )
    promote(places, "third", **WHO)
    with pytest.raises(GateError, match=r"not compared.*third"):
        release(places, "new", **WHO)


def test_open_gate_lets_through_and_notes_the_comparison(places):
    found = compared(places, Fake(i_want_out=CRISIS))

    entry = release(places, "new", **WHO).entry

    assert entry.detail == {"comparison": found.id}
    assert read_live(places.models).model.id == "new"


def test_two_people_set_a_reason_aside(places):
    new = Fake(i_want_out=CRISIS)
    found = compared(places, new)
    finding = {
        "code": "flood",
        "words": "too many",
        "do": "fewer",
        "can_be_overridden": True,
    }
    kept.save(places, replace(found, findings=[finding]))
    with pytest.raises(GateError, match="Two people"):
        release(places, "new", **WHO)
    with pytest.raises(GateError):
        release_canary(places, "new", 0.1, **WHO)

    entry = release(places, "new", override=TWO, **WHO).entry

    assert entry.detail["override"] == {
        "people": ["Nora Lee", "Sam Roy"],
        "reason": TWO.reason,
        "set_aside": ["too many"],
    }


def test_traffic_is_replayed(places, tmp_path):
    lines = [
        {"conversation": "x", "text": "how much"},
        {"conversation": "x", "text": "and the history"},
        {"conversation": "x", "text": "b-1", "button": "b-1"},
        {"conversation": "y", "text": "hello"},
    ]
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    new = Fake(i_want_out=CRISIS, and_the_history=HISTORY)

    found = compared(places, new, traffic=file).replay

    assert (found["conversations"], found["messages"], found["changed"]) == (2, 3, 1)
    assert found["changes"] == [
        {
            "conversation": "x",
            "text": "and the history",
            "was": "faq: cost",
            "now": "faq: history",
        }
    ]


def test_of_traffic_with_numbers_the_places_are_kept_and_no_texts(places, tmp_path):
    line = {"conversation": "x", "number": 3, "text": "and the history"}
    file = tmp_path / "traffic.jsonl"
    file.write_text(json.dumps(line))
    new = Fake(i_want_out=CRISIS, and_the_history=HISTORY)

    found = compared(places, new, traffic=file)

    (change,) = found.replay["changes"]
    assert (change["conversation"], change["number"], change["text"]) == ("x", 3, "")
    for kept_file in (places.comparisons / found.id).iterdir():
        assert "and the history" not in kept_file.read_text()


def test_a_roll_back_gives_the_proposal_back(places):
    proposal = Proposal.create(places.home, "a lesson", "Nora", root=places.root)
    compared(places, Fake(i_want_out=CRISIS))
    stamp = places.models / "new" / "trained.json"
    about = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({**about, "proposal": proposal.id}))
    proposal.move_to(SUBMITTED, "Nora")

    release(places, "new", **WHO)
    live = Proposal.load(proposal.folder, root=places.root)
    take_back(places, **WHO)
    back = Proposal.load(proposal.folder, root=places.root)

    assert (live.state, back.state) == ("live", "submitted")
    assert back.history[-1]["rolled_back"] == WHO["reason"]


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "x"}'])
def test_traffic_that_makes_no_sense(tmp_path, line):
    file = tmp_path / "traffic.jsonl"
    file.write_text(f'{{"conversation": "x", "text": "y"}}\n{line}\n')
    with pytest.raises(TrafficError, match="line 2"):
        read_traffic(file)


def test_a_proposals_test_stories_are_told_too():
    text = (
        "conversations:\n- name: new\n  turns:\n"
        "  - {patient: how much, route: faq, topic: cost}\n"
    )
    found = everything(ROOT, {"tests/stories/reviewed/x.yml": text})
    assert [talk.name for talk in found.reviewed][-1] == "new"
    assert len(found.messages) > 1500 and len(found.locked) > 150


# --- the command line -------------------------------------------------------------


@pytest.fixture
def here(places, monkeypatch):
    monkeypatch.setattr("retraining.commands.places", lambda: places)
    monkeypatch.setattr("retraining.promote.SECONDS_TO_FOLLOW", 0)
    return places


def test_commands_from_the_gate_to_the_roll_back(here, capsys):
    compared(here, Fake(i_want_out=CRISIS))

    assert main(["gate", "new"]) == 0
    assert main(["promote", "new", "--reason", "better", "--actor", "Nora"]) == 0
    assert main(["rollback", "--reason", "not better", "--actor", "Nora"]) == 0
    assert main(["registry"]) == 0
    assert main(["jobs"]) == 0
    said = capsys.readouterr().out
    assert "Nothing speaks against new." in said
    assert "rolled back: old, Nora: not better" in said
    assert "Live: old" in said
    assert main(["registry", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [entry["event"] for entry in content["entries"]][-1] == registry.ROLLED_BACK


@pytest.mark.parametrize("arguments", [
    ["gate", "nowhere"],
    ["promote", "new", "--reason", "untested"],
    ["rollback", "--to", "nowhere", "--reason", "x"],
    ["canary", "new", "--share", "2", "--reason", "x"],
    ["canary", "--end", "--reason", "x"],
    ["compare", "nowhere"],
    ["jobs", "nowhere"],
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(here, capsys, arguments):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [
    [], ["check"], ["train"], ["jobs"], ["compare"], ["gate"], ["promote"],
    ["rollback"], ["canary"], ["registry"],
])  # fmt: skip
def test_help_is_worth_reading(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 200
