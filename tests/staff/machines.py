"""Machines for the tests of backups: a clone of the project, a home, a database."""

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tests.frontdesk.gateway_for_tests import ENVIRONMENT, OTHER_DATABASE

ROOT = Path(__file__).resolve().parents[2]
# What of the project another machine has: a clone with a virtual environment.
PROJECT = (
    *("actions", "clinic", "components", "data", "frontdesk", "knowledge"),
    *("retraining", "safety", "tests/stories", "clinic.yml", "domain.yml"),
    *("config.yml", "endpoints.yml", "credentials.yml", "pyproject.toml"),
)
PROPOSAL = "proposals/20261120-0123abcd/proposal.json"


@dataclass
class Machine:
    """A clone of the project, a home, and an empty database."""

    root: Path
    home: Path
    address: str = ""

    def run(self, *command, **environment):
        """A command as somebody types it."""
        given = {"CLINIC_HOME": str(self.home), "DATABASE_URL": self.address}
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "frontdesk", *map(str, command)],
            env={**os.environ, **ENVIRONMENT, **given, **environment},
            cwd=self.root,
            capture_output=True,
            text=True,
        )

    @property
    def database(self):
        return self.address or self.home / "frontdesk.sqlite3"

    def kept_database(self):
        """The one that was there before the restore."""
        if self.address:
            (dump,) = self.home.glob("before-restore-*.dump")
            return opened(dump)
        (kept,) = self.home.glob("frontdesk.sqlite3.before-restore-*")
        return kept


def new_database():
    """Address of an empty database; nothing on SQLite, which is a file of the home."""
    if not OTHER_DATABASE:
        return ""
    name = f"other_{secrets.token_hex(4)}"
    with closing(psycopg2.connect(OTHER_DATABASE)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    return urlsplit(OTHER_DATABASE)._replace(path=f"/{name}").geturl()


def opened(copy):
    """A copy of the database as something that can be asked."""
    if not OTHER_DATABASE:
        return copy
    address = new_database()
    command = ["pg_restore", "--no-owner", f"--dbname={address}", str(copy)]
    subprocess.run(command, check=True)
    return address


def connected(database):
    is_file = isinstance(database, Path)
    return closing((sqlite3 if is_file else psycopg2).connect(database))


def rows(database, query):
    with connected(database) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchall()


def change_rows(database, statement):
    with connected(database) as connection:
        connection.cursor().execute(statement)
        connection.commit()


def written(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def copy_project(root):
    for name in PROJECT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, root / name)


def make_work_of_staff(root, home):
    """Models, and what staff have done with the pages and commands."""
    for name in ("m-old", "m-before", "m-live"):
        written(root / "models" / name / "model.tar.gz", f"archive of {name}")
        written(root / "models" / name / "danger_detector.npz", f"detector of {name}")
    live = {"serial": 2, "model": {"id": "m-live", "sha256": "-"}, "canary": None}
    written(root / "models" / "live.json", json.dumps(live))
    switch = {"event": "promoted", "sha256": "-", "actor": "A", "reason": "-"}
    told = [
        {**switch, "model": name, "previous": previous}
        for name, previous in (("m-before", "m-old"), ("m-live", "m-before"))
    ]
    written(
        root / "models" / "registry.jsonl", "".join(f"{json.dumps(t)}\n" for t in told)
    )
    written(root / "models" / "history" / "c-1.json", "{}")
    written(root / "data" / "nlu" / "from_staff.yml", "# taught in the browser")
    written(home / PROPOSAL, '{"id": "20261120-0123abcd"}')
    written(home / "comparisons" / "c-1" / "comparison.json", "{}")
    written(home / "jobs" / "j-1" / "job.json", "{}")
