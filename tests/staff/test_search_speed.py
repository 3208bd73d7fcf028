"""A short version of ``make bench-search``: every search is fast."""

from tests.load.search import MOST_P95, run, table
from tests.load.searches import EXPECTED, SEARCHES


def test_searches_in_5000_messages_are_fast(tmp_path):
    result = run("sqlite", 5000, rounds=1, keep=tmp_path)

    assert len(set(SEARCHES)) == result["searches"] == EXPECTED
    assert result["messages"] >= 5000
    assert result["processor_p95"] < MOST_P95  # the machine may be busy
    assert "(everything)" in table([result])
