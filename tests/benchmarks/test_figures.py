"""The arithmetic and the report of the bench; no server is started."""

import pytest

from benchmarks.figures import TARGETS, compare, medians, table
from benchmarks.report import page
from benchmarks.stock_project import make_stock_project
from benchmarks.traffic import sample_messages, turn_figures


@pytest.fixture
def rows():
    ours = {target.key: 10.0 for target in TARGETS} | {"late_to_early": 1.2}
    stock = {target.key: 100.0 for target in TARGETS} | {"late_to_early": 9.0}
    return compare(ours | {"messages_per_second": 300.0}, stock)


# fmt: off
VERDICTS = [
    (0, 5.0, "aim"), (0, 2.5, "must"), (0, 2.4, "short"),   # more is better
    (1, 0.25, "aim"), (1, 0.5, "must"), (1, 0.51, "short"),  # less is better
]
# fmt: on


@pytest.mark.parametrize(("figure", "ratio", "verdict"), VERDICTS)
def test_verdict_knows_which_way_is_better(figure, ratio, verdict):
    assert TARGETS[figure].verdict(ratio) == verdict


def test_medians_of_rounds():
    assert medians([{"a": 1.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0}


def test_comparison_has_a_ratio_and_a_verdict_for_each(rows):
    assert rows[0]["ratio"] == 3.0
    assert rows[0]["verdict"] == "must"
    assert rows[-1]["ratio"] == 1.2, "turn 500 is compared with our own turn 5"
    assert "late" not in table(rows)
    assert "messages/s" in table(rows)


def test_comparison_without_stock_has_no_verdict():
    rows = compare({"p95_ms": 10.0}, {})
    assert {row["verdict"] for row in rows} == {""}
    assert "-" in table(rows)


def test_report_loads_nothing(rows):
    html = page(
        {
            "machine": "2 cores",
            "note": "a <test>",
            "comparison": rows,
            "turns": {"ours": [10.0] * 100, "stock": [30.0 + i for i in range(100)]},
            "rounds": {"ours": [{"p50_ms": 1.0}], "stock": []},
        }
    )
    assert "a &lt;test&gt;" in html
    assert "http" not in html
    assert "polyline" in html


def test_turns_are_compared_over_the_same_sentences():
    assert turn_figures([1.0] * 10 + [5.0] * 480 + [2.0] * 10) == (1.0, 2.0)


def test_sample_is_the_same_each_time_and_of_every_kind():
    first, again = sample_messages(100), sample_messages(100)
    assert first == again
    assert len(first) == 100


def test_stock_project_has_our_data_and_plain_responses(tmp_path):
    first = make_stock_project(tmp_path / "stock")
    assert first == make_stock_project(tmp_path / "stock")
    assert first != make_stock_project(tmp_path / "stock", epochs=1)
    domain = (tmp_path / "stock" / "domain.yml").read_text()
    assert "utter_crisis_self_harm" in domain
    assert "metadata" not in domain
    assert "{phone}" not in domain
