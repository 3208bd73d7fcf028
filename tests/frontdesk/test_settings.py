"""What the front desk's process needs to know, and how it refuses what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from frontdesk.database_url import parse_database_url
from tests.frontdesk.gateway_for_tests import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("/srv/clinic/frontdesk.sqlite3")


def test_embedded_database_waits_and_loses_nothing():
    database = parse_database_url(None, FILE)

    assert database["NAME"] == str(FILE)
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 5
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_address_of_a_server_is_taken_apart():
    database = parse_database_url(
        "postgres://us%40er:pa%2Fss@db.example:6543/desk?sslmode=require", FILE
    )

    assert database["ENGINE"] == "django.db.backends.postgresql"
    names = ("USER", "PASSWORD", "HOST", "PORT", "NAME")
    values = [database[name] for name in names]
    assert values == ["us@er", "pa/ss", "db.example", "6543", "desk"]
    assert database["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/d", "postgres://u:secret@h", "postgres://u:secret@h:x/d"],
)
def test_address_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        parse_database_url(url, FILE)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "name, value",
    [
        ("FRONTDESK_SECRET_KEY", ""),
        ("RASA_AUTH_TOKEN", ""),
        ("FRONTDESK_ENCRYPTION_KEYS", ""),
        ("TRUSTED_PROXIES", "two"),
    ],
)
def test_wrong_or_missing_value_stops_the_start(tmp_path, name, value):
    environ = {**os.environ, **ENVIRONMENT, "CLINIC_HOME": str(tmp_path), name: value}

    run = subprocess.run(
        [sys.executable, "-m", "frontdesk", "check"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert run.returncode != 0
    assert name in run.stderr


def test_migrations_fit_the_models(tmp_path):
    run = [sys.executable, "-m", "frontdesk", "makemigrations", "--check", "--dry-run"]
    # A home of its own: no second process at the database of the other tests.
    environ = {**os.environ, **ENVIRONMENT, "CLINIC_HOME": str(tmp_path)}
    done = subprocess.run(run, env=environ, cwd=ROOT)

    assert done.returncode == 0
