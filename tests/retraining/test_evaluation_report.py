"""The evaluation: tables, the page, figures.json, the command."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from components.routing import Evidence, RoutingThresholds
from retraining import evaluate as command
from retraining.assistant import NoModelError, Turn
from retraining.evaluation_charts import Series, line_chart, standalone
from retraining.evaluation_measures import (
    measure_all,
)
from retraining.evaluation_report import Report, figures_file, write_page
from retraining.evaluation_run import (
    ask_messages,
    hold_conversations,
)
from retraining.evaluation_sets import (
    LabelledTurn,
    read_messages,
)
from retraining.evaluation_sweep import (
    Known,
    sweep_routing,
)
from retraining.evaluation_tables import (
    calibration,
    calibration_error,
    confidence_bins,
    misses,
    top_confusions,
    topic_rows,
    turn_misses,
)
from tests.retraining.evaluation_examples import (
    COST,
    CRISIS,
    EXTRA,
    MEDICAL,
    conversation,
    faq,
    message,
    outcome,
    turn_outcome,
)


def test_tables_count_what_went_wrong():
    items = [
        outcome("ask_cost", faq("cost"), whole={"ask_cost": 0.8}),
        outcome("ask_cost", faq("history"), text="<b>&", whole={"ask_history": 0.85}),
        outcome("ask_cost", faq("history"), confidence=0.1, whole={"ask_cost": 0.3}),
        outcome("near_miss_idiom", CRISIS, kind="near_misses"),
    ]
    assert top_confusions(items)[0].count == 2
    assert top_confusions(items)[0].got == "history"
    row = topic_rows(items)[0]
    assert (row.topic, row.n, row.right, row.wrong) == ("cost", 3, 1, 2)
    assert len(misses(items)) == 3
    assert sum(right for right, _ in confidence_bins(items)) == 1
    assert sum(wrong for _, wrong in confidence_bins(items)) == 3
    bins = calibration(items)
    assert [entry.n for entry in bins] == [1, 2]
    assert calibration_error(bins) == pytest.approx((0.7 + 2 * 0.325) / 3)


def test_only_conversations_with_a_wrong_turn_are_listed():
    good = turn_outcome(LabelledTurn("x", COST), faq("cost"))
    bad = turn_outcome(LabelledTurn("x", COST), MEDICAL)
    assert turn_misses([good]) == []
    assert turn_misses([good, bad]) == [[good, bad]]


EVIL = '<script src="https://evil.example/x.js">alert(1)</script> & "quotes"'


@pytest.fixture
def report():
    items = [
        outcome("ask_cost", faq("cost"), whole={"ask_cost": 0.8}),
        outcome("ask_cost", MEDICAL, text=EVIL, whole={"medical_dosing": 0.7}),
    ]
    known = [Known(item.message, item.evidence) for item in items]
    turns = [turn_outcome(LabelledTurn(EVIL, COST), MEDICAL)]
    return Report(
        model="20260101-000000.tar.gz",
        half="report",
        created="2026-01-01T00:00:00+00:00",
        measured=measure_all(items, turns, []),
        outcomes=items,
        turns=turns,
        extra_measured=measure_all(items, [], []),
        extra_outcomes=items,
        curves={"answer": sweep_routing(known, "answer", RoutingThresholds())},
        thresholds={"answer": 0.4},
    )


VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Notes ids and links, and whether every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        known = dict(attributes)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known[name] for name in ("src", "href") if name in known]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_report_is_well_formed(report):
    checker = Checker()
    checker.feed(write_page(report))
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert "script" not in checker.tags
    assert checker.tags.count("table") == checker.tags.count("caption")
    assert checker.tags.count("svg") == checker.tags.count("title") - 1 > 3
    assert "h1" in checker.tags and "h2" in checker.tags


def test_report_refers_to_nothing_outside(report):
    page = write_page(report)
    checker = Checker()
    checker.feed(page)
    assert checker.links == []
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "url(" not in page
    # The only address is in a test message, as text.
    assert set(re.findall(r"https?://[\w.]+", page)) == {"https://evil.example"}
    assert "<script" not in page


def test_report_charts_are_valid_and_described(report):
    charts = re.findall(r"<svg.*?</svg>", write_page(report), re.DOTALL)
    for chart in charts:
        root = ElementTree.fromstring(chart)
        assert root.get("role") == "img"
        assert root.find("title").text
        assert root.find("desc").text


def test_chart_stands_alone():
    chart = line_chart("c", "t", [Series("s", [(0, 0), (1, 1)])], x_title="x")
    root = ElementTree.fromstring(standalone(chart))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_figures_file_can_be_compared_over_time(report):
    content = json.loads(json.dumps(figures_file(report)))
    assert content["thresholds"] == {"answer": 0.4}
    row = next(row for row in content["figures"] if row["name"] == "topic_clinic")
    assert (row["n"], row["hits"], row["value"]) == (2, 1, 0.5)
    assert row["meets_must"] is False


class FakeAssistant:
    """Answers everything with the price; remembers how it was asked."""

    model_name = "fake.tar.gz"
    thresholds = RoutingThresholds()

    def __init__(self):
        self.conversations, self.forgotten = [], []

    async def turn(self, conversation_id, text):
        self.conversations.append(conversation_id)
        return Turn(text, (faq("cost"),), "ask_cost", 0.9, {"reason": "classifier"})

    def understand(self, text):
        return Evidence(text, {"ask_cost": 0.9})

    def forget(self, conversation_id):
        self.forgotten.append(conversation_id)


async def run_on_fake():
    fake = FakeAssistant()
    await ask_messages(fake, [message("ask_cost"), message("ask_history")])
    talk = conversation(LabelledTurn("a", COST), LabelledTurn("b", COST))
    turns = await hold_conversations(fake, [talk])
    return fake, turns


def test_messages_have_conversations_of_their_own():
    fake, turns = asyncio.run(run_on_fake())
    first, second, third, fourth = fake.conversations
    assert len({first, second, third}) == 3
    assert third == fourth
    assert set(fake.forgotten) == set(fake.conversations)
    assert [turn.position for turn in turns] == [0, 1]


def test_command_reports_and_fails_below_the_floors(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command.Assistant, "load", lambda model: FakeAssistant())
    monkeypatch.setattr(command, "read_messages", lambda: read_messages()[::40])
    extra = tmp_path / "extra.yml"
    extra.write_text(EXTRA)
    options = ["--half", "all", "--out", str(tmp_path), "--extra", str(extra)]
    assert command.main(options) == 1
    printed = capsys.readouterr().out
    assert "Crisis: urgent reply" in printed
    assert "Below the floor" in printed
    assert "Second author" in printed
    assert "\x1b" not in printed
    content = json.loads((tmp_path / "figures.json").read_text())
    assert content["second_author"]
    assert "Every miss" in (tmp_path / "report.html").read_text()


def test_command_without_a_model_says_what_to_do(monkeypatch, capsys):
    def load(model):
        raise NoModelError("models/: no trained model there. Run 'make train'.")

    monkeypatch.setattr(command.Assistant, "load", load)
    assert command.main([]) == 2
    assert "make train" in capsys.readouterr().err
