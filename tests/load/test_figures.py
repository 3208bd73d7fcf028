"""The arithmetic and the report of the load test; nothing is started."""

import pytest

from tests.load.figures import figures, memory, percentile, processor, table
from tests.load.report import page

LOOKS = [(second, 100.0 + second, second * 0.5) for second in range(30)]


@pytest.fixture
def result():
    seen = {"errors": {}, "usage": {"front desk": LOOKS}}
    times = {"post": [20.0] * 100, "reply": [50.0] * 94 + [150.0] * 6, "urgent": []}
    found = {
        "streams": 60,
        "rate": 5,
        "seconds": 30,
        "machine": "two cores",
        "label": "<b>",
        "alone": {**seen, "reply": [100.0] * 100, "urgent": []},
        "gateway": {**seen, **times, "streams_lost": 0},
    }
    return {**found, "figures": figures(found)}


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 95, 0.0), ([7.0], 50, 7.0), (range(100), 95, 95), (range(100), 50, 50)],
)
def test_percentile(values, percent, expected):
    assert percentile(values, percent) == expected


def test_ratio_is_of_the_slowest_twentieth(result):
    assert result["figures"]["ratio_p95"] == 1.5


def test_memory_is_shown_at_beginning_middle_and_end():
    assert memory(LOOKS) == [101.0, 116.0, 128.0]
    assert memory([]) == [0.0, 0.0, 0.0]


def test_processor_time_is_in_cores():
    assert processor(LOOKS) == 0.5
    assert processor(LOOKS[:1]) == 0.0


def test_errors_of_both_parts_are_told_apart(result):
    result["alone"]["errors"] = {"POST 500": 2}
    result["gateway"]["errors"] = {"no reply": 1}

    found = figures(result)

    assert found["errors"] == {"no reply": 1, "alone: POST 500": 2}
    assert "no reply" in table(found)


def test_report_has_everything_in_one_file(result):
    html = page(result)

    assert "60 open streams" in html and "&lt;b&gt;" in html
    assert html.count("<svg") == 2
    assert "src=" not in html and "href=" not in html
