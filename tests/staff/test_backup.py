"""Backups made while patients write, and put back on another machine."""

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from frontdesk.audit import backup, ledger, restore
from frontdesk.audit.backup_engines import BackupError
from frontdesk.audit.models import Entry
from frontdesk.chat.models import Message

from tests.frontdesk.gateway_for_tests import (  # isort: skip
    ENVIRONMENT,
    HOME,
    OTHER_DATABASE,
)

pytestmark = pytest.mark.skipif(
    bool(OTHER_DATABASE), reason="looks into SQLite's files"
)
ROOT = Path(__file__).resolve().parents[2]
PRIVATE = "my name is Jane Doe, call 303-555-0182"


def run(home, *command, **environment):
    """A command as somebody types it."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "frontdesk", *map(str, command)],
        env={**os.environ, **ENVIRONMENT, "CLINIC_HOME": str(home), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def rows(file, query):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def change_rows(file, statement):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.fixture(scope="module")
def made(gateway, tmp_path_factory):
    """A backup that was made while three patients wrote."""
    file = tmp_path_factory.mktemp("backups") / "today.backup"
    patients = [gateway.patient() for _ in range(3)]
    patients[0].say(PRIVATE)
    ledger.record(ledger.Job("test"), "check", "ledger")
    is_over = threading.Event()

    def write(patient):
        while not is_over.is_set():
            patient.say("how much is it?")

    writers = [threading.Thread(target=write, args=(each,)) for each in patients]
    for writer in writers:
        writer.start()
    before = Message.objects.count()
    call_command("backup", str(file))
    after = Message.objects.count()
    is_over.set()
    for writer in writers:
        writer.join()
    return file, before, after, patients


@pytest.fixture(scope="module")
def elsewhere(made, tmp_path_factory):
    """Another machine with the backup in place."""
    home = tmp_path_factory.mktemp("elsewhere") / "home"
    return home, run(home, "restore", made[0])


def test_backup_is_of_one_moment_though_patients_write(made, tmp_path):
    file, before, after, patients = made
    manifest = backup.unpack(file, tmp_path)

    assert before <= manifest["rows"]["chat_message"] <= after
    theirs = ", ".join(f"'{patient.id.hex}'" for patient in patients)
    numbers = "SELECT count(*), max(number), c.last_number FROM chat_message m JOIN "
    numbers += "chat_conversation c ON c.id = m.conversation_id "
    numbers += f"WHERE c.id IN ({theirs}) GROUP BY c.id"
    found = rows(tmp_path / "database", numbers)
    assert len(found) == 3
    for count, last, noted in found:
        assert count == last == noted


def test_backup_is_for_its_owner_alone_and_recorded(made):
    file = made[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    noted = Entry.objects.filter(action="backup").last()
    with tarfile.open(file) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())
    assert noted.actor == "backup"
    assert noted.detail["sha256"] == manifest["sha256"]
    assert noted.detail["ledger"] == manifest["ledger"]["number"]


def test_backup_replaces_no_file_and_leaves_none_half_made(made, tmp_path):
    with pytest.raises(CommandError, match="there already"):
        call_command("backup", str(made[0]))
    with pytest.raises(CommandError, match="can't be written"):
        call_command("backup", str(tmp_path / "nowhere" / "file"))


def test_restored_database_is_the_one_of_the_backup(made, elsewhere, tmp_path):
    home, done = elsewhere
    assert done.returncode == 0, done.stderr
    assert "is in place" in done.stdout
    assert "There was no database before" in done.stdout
    manifest = backup.unpack(made[0], tmp_path)
    restored = home / "frontdesk.sqlite3"
    for table in ("chat_message", "chat_original", "chat_alert", "staff_person"):
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert rows(restored, query) == rows(tmp_path / "database", query)
    last = rows(restored, "SELECT actor, action FROM audit_entry ORDER BY number")[-1]
    assert last == ("restore", "restore")
    anchor = f"{manifest['ledger']['number']}:{manifest['ledger']['seal']}"
    checked = run(home, "verify_ledger", "--against", anchor)
    assert checked.returncode == 0, checked.stderr


def test_restore_over_a_database_needs_force_keeps_it_and_erases_again(made, elsewhere):
    home, _ = elsewhere
    file, patient = home / "frontdesk.sqlite3", made[3][1]
    key = patient.id.hex
    mine = f"SELECT count(*) FROM chat_message WHERE conversation_id = '{key}'"
    assert rows(file, mine)[0][0] > 0
    refused = run(home, "restore", made[0])
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    change_rows(
        file,
        f"UPDATE chat_conversation SET erased_at = '2026-11-22' WHERE id = '{key}'",
    )

    done = run(home, "restore", made[0], "--force")

    assert done.returncode == 0, done.stderr
    assert "Erased again, since they had been: 1" in done.stdout
    assert rows(file, mine) == [(0,)]
    (kept,) = home.glob("frontdesk.sqlite3.before-restore-*")
    assert rows(kept, mine)[0][0] > 0


def test_restore_says_when_the_keys_are_others(made, tmp_path):
    done = run(
        tmp_path / "home",
        "restore",
        made[0],
        FRONTDESK_SECRET_KEY="another-secret-key-of-forty-characters!!",
        FRONTDESK_ENCRYPTION_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    )

    assert done.returncode == 1
    assert "FRONTDESK_ENCRYPTION_KEYS" in done.stdout
    assert "FRONTDESK_SECRET_KEY" in done.stderr


def test_restore_refuses_while_a_gateway_runs(made):
    before = Message.objects.count()

    done = run(HOME, "restore", made[0], "--force")

    assert done.returncode == 1
    assert "The front desk is running" in done.stderr
    assert Message.objects.count() == before


def damaged(made, tmp_path, **changes):
    """The backup with another manifest, and another database if told."""
    file = tmp_path / "damaged"
    with tarfile.open(made[0]) as archive, tarfile.open(file, "w:gz") as other:
        for member in archive.getmembers():
            content = archive.extractfile(member).read()
            if member.name == "manifest.json":
                content = json.dumps({**json.loads(content), **changes}).encode()
            member.size = len(content)
            other.addfile(member, io.BytesIO(content))
    return file


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"sha256": "0" * 64}, "not as it was made"),
        ({"format": 2}, "another version"),
        ({"engine": "postgresql"}, "a backup of postgresql"),
        ({"migrations": ["chat.9999_later"]}, "newer version.*chat.9999_later"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(made, tmp_path, monkeypatch, changes, words):
    monkeypatch.setattr(restore, "_check_no_gateway", lambda: None)
    before = Message.objects.count()

    with pytest.raises(BackupError, match=words):
        restore.restore(damaged(made, tmp_path, **changes), force=True)

    assert Message.objects.count() == before
    assert not list(settings.CLINIC_HOME.glob(".restore-*"))


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_what_is_no_backup_is_refused(made, tmp_path, content):
    file = tmp_path / "file"
    whole = made[0].read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(BackupError, match="no whole backup"):
        backup.unpack(file, folder)
