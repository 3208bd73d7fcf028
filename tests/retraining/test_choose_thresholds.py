"""Sweeps over thresholds, and the suggestion."""

from __future__ import annotations

from dataclasses import asdict

from components.routing import Evidence, RoutingThresholds
from retraining.evaluation_suggestion import (
    Chosen,
    allowed_values,
    best_value,
    penalty,
    suggest,
)
from retraining.evaluation_sweep import (
    CURVES,
    DETECTOR_CURVES,
    DangerEvidence,
    Known,
    figures_at,
    sweep_danger,
    sweep_routing,
)
from safety.danger_detector import Thresholds, Verdict
from tests.retraining.evaluation_examples import (
    message,
)


def known_message(intent, whole, verdict=None, kind="clinic_wording", danger=None):
    verdict = verdict or Verdict()
    evidence = Evidence("a question", whole, verdict=verdict)
    return Known(message(intent, kind), evidence, danger)


SURE = {"ask_cost": 0.9}
TORN = {"ask_cost": 0.55, "medical_dosing": 0.35}
GRAVE = DangerEvidence([], {"crisis_self_harm": 0.6, "other": 0.4}, [])


def test_sweep_moves_one_threshold():
    known = [known_message("ask_cost", SURE), known_message("ask_cost", TORN)]
    points = sweep_routing(known, "medical", RoutingThresholds(), grid=(0.3, 0.5))
    assert [point.share("topic_clinic") for point in points] == [0.5, 1.0]
    assert [point.share("topic_handed_off") for point in points] == [0.5, 0.0]


def test_sweep_of_the_detector_judges_anew():
    known = [known_message("crisis_self_harm", {}, kind="crisis", danger=GRAVE)]
    points = sweep_danger(
        known, "crisis", RoutingThresholds(), Thresholds(), grid=(0.5, 0.7)
    )
    assert [point.share("detector_crisis") for point in points] == [1.0, 0.0]
    assert [point.share("crisis_line") for point in points] == [1.0, 1.0]


def test_curves_name_thresholds_and_figures_that_exist():
    figure_names = {row.figure.name for row in figures_at([], RoutingThresholds())}
    for curves, values in (
        (CURVES, asdict(RoutingThresholds())),
        (DETECTOR_CURVES, asdict(Thresholds())),
    ):
        assert set(curves) <= set(values)
        assert all(set(shown) <= figure_names for shown in curves.values())
        assert all(len(shown) <= 4 for shown in curves.values())


def test_best_value_is_the_middle_of_the_widest_plateau():
    scored = [(0.1, 1), (0.2, 0), (0.3, 1), (0.4, 0), (0.5, 0), (0.6, 0), (0.7, 2)]
    assert best_value(scored) == 0.5


TORN_OUT = {"ask_cost": 0.6, "out_of_scope": 0.3}


def test_suggestion_is_never_worse():
    known = [
        known_message("ask_cost", SURE),
        known_message("ask_cost", TORN_OUT),
        known_message("crisis_self_harm", {}, kind="crisis", danger=GRAVE),
    ]
    start = Chosen(RoutingThresholds(answer_out_of_scope=0.2), Thresholds(crisis=0.9))
    chosen, least = suggest(known, start, rounds=1)
    assert least < penalty(figures_at(known, start.routing, start.danger))
    assert chosen.value("danger", "crisis") < 0.9
    assert chosen.value("routing", "answer_out_of_scope") > 0.3


def test_suggestion_is_never_less_alert():
    known = [known_message("ask_cost", TORN)]  # right only if fewer are handed off
    start = Chosen(RoutingThresholds(medical=0.3), Thresholds())
    assert suggest(known, start, rounds=1)[0].value("routing", "medical") == 0.3
    assert max(allowed_values("danger", "emergency", 0.45)) == 0.45
    assert min(allowed_values("danger", "near_miss", 0.6)) == 0.6
    assert max(allowed_values("routing", "answer", 0.4)) > 0.4
