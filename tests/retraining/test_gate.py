"""The gate: a table of comparisons, and McNemar's test against values by hand."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from retraining import comparison as kept
from retraining.compare_outcomes import Result, Seen
from retraining.compare_rows import BETTER, DIFFERENT, WORSE, verdict_of
from retraining.comparison import Comparison, Figures
from retraining.evaluation_figures import ALL_FIGURES
from retraining.examples import ROOT
from retraining.gate import (
    SAFETY_FIGURES,
    URGENT_FIGURES,
    Override,
    OverrideError,
    Reason,
    check_override,
    reasons,
)
from retraining.locked_cases import (
    MUST,
    WORDS,
    LockedCase,
    LockedCasesError,
    read_locked_cases,
)
from retraining.paired_test import Pairs, holm, p_worse, pairs_of
from tests.retraining.tiny_models import places_in

NAMES = {figure.name for figure in ALL_FIGURES}


# (worse, better): sums of binomial coefficients by hand, over 2 ** (worse + better)
@pytest.mark.parametrize(("worse", "better", "p"), [
    (0, 0, 1.0),
    (1, 0, 1 / 2),
    (3, 0, 1 / 8),
    (5, 0, 1 / 32),
    (5, 1, (6 + 1) / 64),
    (8, 2, (45 + 10 + 1) / 1024),
    (2, 8, 1 - (10 + 1) / 1024),
    (10, 10, 0.5 + 184756 / 2**21),
    (0, 4, 1.0),
])  # fmt: skip
def test_mcnemar_gives_values_by_hand(worse, better, p):
    assert p_worse(worse, better) == pytest.approx(p)


def test_pairs_are_counted():
    was = [True, True, False, False, True]
    now = [True, False, True, False, False]
    assert pairs_of(was, now) == Pairs(n=5, both=1, worse=2, better=1)
    assert pairs_of(was, now).before == 3
    assert pairs_of(was, now).after == 2
    assert pairs_of(was, now).lost == pytest.approx(0.2)


def test_holm_gives_values_by_hand():
    # 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.04 * 1, never falling
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def figures(name="topic_clinic", *, n=400, both=300, worse=0, better=0, **more):
    return Figures(
        name, f"figure {name}", "figure", Pairs(n, both, worse, better), **more
    )


def topic(name="faq/cost", **pairs):
    return replace(figures(**pairs), name=name, title=name, group="topic")


def a_comparison(**parts):
    return Comparison("c", "2026-11-23", "live", "new", "sha", None, **parts)


def locked(*missed):
    row = {"text": "a message", "kind": "a kind", "was": "", "now": ""}
    return {
        **kept.no_locked_cases(),
        "newly_missed": [{**row, "must": must} for must in missed],
    }


def stories(**lists):
    return {**kept.no_stories(), **lists}


def latency(was, now):
    return {"live": {"p50": 5, "p95": was}, "candidate": {"p50": 5, "p95": now}}


FINDING = Reason("flood", "too many", "propose fewer").as_json()
# fmt: off
TWICE = ["locked-case"] * 2
GATE = [
    # what the comparison says                              codes              override?
    ({},                                                      [],                True),
    ({"figures": [figures(worse=4, better=0)]},               [],                True),
    ({"figures": [figures(worse=5, better=0)]},               ["figure-worse"],  True),
    ({"figures": [figures(worse=20, better=20)]},             [],                True),
    ({"figures": [figures(worse=20, better=60)]},             [],                True),
    # safety: by the margin, by the stricter test
    ({"figures": [figures("medical_all", worse=2)]},          [],                True),
    ({"figures": [figures("medical_all", worse=3)]},          ["figure-worse"],  True),
    ({"figures": [figures("medical_all", worse=3, better=3)]}, [],               True),
    ({"figures": [figures("danger", n=100, worse=1)]},        [],                True),
    ({"figures": [figures("danger", n=100, worse=2)]},        ["figure-worse"],  True),
    ({"figures": [figures("crisis_urgent", worse=1)]},        ["figure-worse"],  False),
    ({"figures": [figures("crisis_urgent", worse=1, better=1)]}, [],             True),
    ({"figures": [figures("detector_emergency", worse=3)]},   ["figure-worse"],  False),
    # the same since the last model that came by review
    ({"anchor": "a", "drift": [figures("medical_all", worse=3)]}, ["drifted"],   True),
    ({"anchor": "a", "drift": [figures("crisis_line", worse=1)]}, ["drifted"],   False),
    # topics: many of them, so more is asked of each
    ({"topics": [topic(worse=5), *[topic(worse=0)] * 30]},    [],                True),
    ({"topics": [topic(worse=12), *[topic(worse=0)] * 30]},   ["topic-worse"],   True),
    ({"topics": [topic("crisis/abuse", worse=12)]},           ["topic-worse"],   False),
    ({"locked": locked("handed_off")},                        ["locked-case"],   True),
    ({"locked": locked("no_alarm")},                          ["locked-case"],   True),
    ({"locked": locked("line_without_alarm")},                ["locked-case"],   True),
    ({"locked": locked("urgent")},                            ["locked-case"],   False),
    ({"locked": locked("emergency")},                         ["locked-case"],   False),
    ({"locked": locked("urgent_or_line", "no_alarm")},        TWICE,             False),
    ({"stories": stories(reviewed_failed=["a talk"])},        ["test-story"],    True),
    ({"stories": stories(urgent_failed=["a talk"])},          ["test-story"],    False),
    ({"stories": stories(newly_failed=["a talk"])},           [],                True),
    ({"latency": latency(40, 90)},                            ["slower"],        True),
    ({"latency": latency(20, 50)},                            [],                True),
    ({"latency": latency(100, 150)},                          [],                True),
    ({"findings": [FINDING]},                                 ["flood"],         True),
    ({"findings": [{**FINDING, "can_be_overridden": False}]}, ["flood"],         False),
]
TWO = ("Nora Lee", "Sam Roy")
OVERRIDES = [
    (None,                                                  "Two people"),
    (Override(("Nora Lee", "nora  lee"), "we looked at it"), "two different"),
    (Override(("Nora Lee", " "), "we looked at it"),        "two different"),
    (Override(TWO, "fine"),                                 "reason, in words"),
    (Override(TWO, "  "),                                   "reason, in words"),
]
# fmt: on


@pytest.mark.parametrize(("parts", "codes", "can"), GATE)
def test_gate(parts, codes, can):
    found = reasons(a_comparison(**parts))

    assert [reason.code for reason in found] == codes
    assert all(reason.words.strip() and reason.do for reason in found)
    override = Override(TWO, "we have looked at each of them")
    if can:
        check_override(found, override)
    else:
        with pytest.raises(OverrideError, match="Nobody can set this aside"):
            check_override(found, override)


@pytest.mark.parametrize(("override", "words"), OVERRIDES)
def test_override_that_is_none(override, words):
    check_override([], override)
    with pytest.raises(OverrideError, match=words):
        check_override([Reason(**FINDING)], override)


def test_figures_of_the_gate_exist():
    assert set(URGENT_FIGURES) <= set(SAFETY_FIGURES) <= NAMES


def test_comparison_is_kept_as_it_was(tmp_path):
    places = places_in(tmp_path)
    made = a_comparison(
        figures=[figures(worse=5)],
        topics=[topic(worse=1)],
        changes=[kept.Change("id", "report", "crisis", "x", "y", "z", "worse")],
        locked=locked("urgent"),
    )
    kept.save(places, made)

    assert kept.load(places, "c") == made
    assert kept.all_comparisons(places) == [made]
    assert kept.newest_of(places, "new", "live") == made
    assert kept.newest_of(places, "new", "another") is None
    with pytest.raises(kept.ComparisonError):
        kept.load(places, "../c/nowhere")
    assert reasons(kept.load(places, "c")) == reasons(made)


def test_share_of_what_is_wrong_is_shown_the_other_way_round():
    row = figures("alarm_other", n=100, both=90, worse=5, better=2, at_most=True)
    assert row.live[0] == pytest.approx(0.05)
    assert row.candidate[0] == pytest.approx(0.08)


def result(route="faq", right=True, **more):
    return Result(Seen(route, replies=(f"utter_{route}",), **more), right)


@pytest.mark.parametrize(("was", "now", "verdict"), [
    (result(), result(), None),
    (result(confidence=0.5), result(confidence=0.9), None),
    (result(), result("medical", False), WORSE),
    (result(right=False), result("medical"), BETTER),
    (result(), result("medical"), DIFFERENT),
    (result(), result(check_in=True), DIFFERENT),
    (result(), result(suggestions=("cost",)), DIFFERENT),
])  # fmt: skip
def test_verdict_on_a_message(was, now, verdict):
    assert verdict_of(was, now) == verdict


# --- locked cases -----------------------------------------------------------------


def test_locked_cases_of_the_project():
    cases = read_locked_cases(ROOT)
    assert len(cases) >= 150
    assert len({case.text for case in cases}) == len(cases)
    assert {case.must for case in cases} <= set(MUST)
    kinds = {case.kind for case in cases}
    assert {
        "self_harm",
        "third_person",
        "overdose",
        "physical",
        "dose",
        "idiom",
    } <= kinds
    assert set(MUST) == set(WORDS)


@pytest.mark.parametrize(("must", "seen", "holds"), [
    ("urgent", Seen("crisis"), True),
    ("urgent", Seen("emergency"), True),
    ("urgent", Seen("medical", check_in=True), False),
    ("emergency", Seen("crisis"), False),
    ("urgent_or_line", Seen("faq", check_in=True), True),
    ("handed_off", Seen("medical"), True),
    ("handed_off", Seen("crisis"), True),
    ("handed_off", Seen("faq"), False),
    ("no_alarm", Seen("faq"), True),
    ("no_alarm", Seen("crisis"), False),
    ("line_without_alarm", Seen("faq", check_in=True), True),
    ("line_without_alarm", Seen("faq"), False),
    ("line_without_alarm", Seen("crisis", check_in=True), False),
])  # fmt: skip
def test_what_must_hold(must, seen, holds):
    assert LockedCase("text", "kind", must, "file").holds(seen) is holds


@pytest.mark.parametrize("text", [
    "locked_cases:\n- {kind: a, must: whatever, messages: [x]}",
    "locked_cases:\n- {kind: a, messages: [x]}",
    "something: else",
    "[",
])  # fmt: skip
def test_file_of_locked_cases_that_makes_no_sense(tmp_path, text):
    folder = tmp_path / "safety" / "locked_cases"
    folder.mkdir(parents=True)
    (folder / "crisis.yml").write_text(text)
    with pytest.raises(LockedCasesError, match=r"crisis\.yml"):
        read_locked_cases(tmp_path)


def test_reasons_can_be_kept():
    reason = Reason("code", "words", "do")
    assert Reason(**reason.as_json()) == reason
    assert asdict(reason)["can_be_overridden"] is True
