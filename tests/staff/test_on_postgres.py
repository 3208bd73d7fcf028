"""A short ``make test-postgres``: backup, restore and the lines of the runbook."""

import os

import pytest

from tests.load.postgres_server import HOW, find_programs
from tests.on_postgres import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SHORT = (
    "tests/staff/test_postgres.py",
    "tests/staff/test_backup.py",
    "-k",
    "made_anew or no_erased_word or one_moment or restored",
)


def test_backup_and_runbook_on_postgresql():
    if find_programs() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    finished = run(["-q", "-p", "no:cacheprovider", *SHORT], capture_output=True)
    said = finished.stdout.decode()
    assert finished.returncode == 0, said
    assert "skipped" not in said
