"""Backups made while patients write, and put back on another machine."""

import io
import json
import tarfile
import threading

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from frontdesk.audit import backup, ledger, restore
from frontdesk.audit.backup_engines import BackupError
from frontdesk.audit.models import Entry
from frontdesk.chat.models import Message
from tests.frontdesk.gateway_for_tests import HOME, OTHER_DATABASE
from tests.staff.machines import (
    PROPOSAL,
    ROOT,
    Machine,
    change_rows,
    copy_project,
    make_work_of_staff,
    new_database,
    opened,
    rows,
    written,
)

PRIVATE = "my name is Jane Doe, call 303-555-0182"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Where the backup is made: not ours, which other tests use beside us."""
    folder = tmp_path_factory.mktemp("here")
    machine = Machine(folder / "project", folder / "home", OTHER_DATABASE)
    copy_project(machine.root)
    make_work_of_staff(machine.root, machine.home)
    return machine


@pytest.fixture(scope="module")
def made(gateway, project, tmp_path_factory):
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "ROOT", project.root)
        patch.setattr(settings, "MODELS", project.root / "models")
        patch.setattr(settings, "CLINIC_HOME", project.home)
        patch.setenv("CLINIC_FILE", str(project.root / "clinic.yml"))
        call_command("backup", str(file))
    after = Message.objects.count()
    is_over.set()
    for writer in writers:
        writer.join()
    return file, before, after, patients


@pytest.fixture(scope="module")
def elsewhere(made, tmp_path_factory):
    """Another machine with a clone of the project, and the backup put in place."""
    folder = tmp_path_factory.mktemp("elsewhere")
    machine = Machine(folder / "project", folder / "home", new_database())
    copy_project(machine.root)
    written(machine.root / "clinic.yml", (ROOT / "clinic.yml").read_text() + "# new\n")
    written(machine.root / "data" / "nlu" / "not_in_it.yml", "# of the clone")
    return machine, machine.run("restore", made[0])


def test_backup_is_of_one_moment_though_patients_write(made, tmp_path):
    file, before, after, patients = made
    manifest = backup.unpack(file, tmp_path)

    assert before <= manifest["rows"]["chat_message"] <= after
    theirs = ", ".join(f"'{patient.id.hex}'" for patient in patients)
    numbers = "SELECT count(*), max(number), c.last_number FROM chat_message m JOIN "
    numbers += "chat_conversation c ON c.id = m.conversation_id "
    numbers += f"WHERE c.id IN ({theirs})"
    numbers += " GROUP BY c.id, c.last_number"
    found = rows(opened(tmp_path / "database"), numbers)
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
    machine, done = elsewhere
    assert done.returncode == 0, done.stderr
    assert "is in place" in done.stdout
    assert "There was no database before" in done.stdout
    manifest = backup.unpack(made[0], tmp_path)
    original = opened(tmp_path / "database")
    for table in ("chat_message", "chat_original", "chat_alert", "staff_person"):
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert rows(machine.database, query) == rows(original, query)
    query = "SELECT actor, action FROM audit_entry ORDER BY number"
    assert rows(machine.database, query)[-1] == ("restore", "restore")
    anchor = f"{manifest['ledger']['number']}:{manifest['ledger']['seal']}"
    checked = machine.run("verify_ledger", "--against", anchor)
    assert checked.returncode == 0, checked.stderr


def test_what_staff_made_is_restored_elsewhere(project, elsewhere):
    machine, done = elsewhere
    for name in (PROPOSAL, "comparisons/c-1/comparison.json", "jobs/j-1/job.json"):
        assert (machine.home / name).read_text() == (project.home / name).read_text()
    for name in (
        *("models/live.json", "models/registry.jsonl", "models/history/c-1.json"),
        *("models/m-live/model.tar.gz", "models/m-before/danger_detector.npz"),
        *("data/nlu/from_staff.yml", "data/responses/cost.yml", "clinic.yml"),
    ):
        assert (machine.root / name).read_bytes() == (project.root / name).read_bytes()
    assert not (machine.root / "models" / "m-old").exists()
    assert "Files were replaced" in done.stdout


def test_what_was_there_is_kept_aside_and_nothing_secret_is_taken(made, elsewhere):
    machine, _ = elsewhere
    (aside,) = [each for each in machine.home.glob("before-restore-*") if each.is_dir()]
    kept = {str(file.relative_to(aside)) for file in aside.rglob("*") if file.is_file()}
    assert kept == {"clinic.yml", "project/data/nlu/not_in_it.yml"}
    assert (aside / "clinic.yml").read_text().endswith("# new\n")
    assert not (machine.root / "data" / "nlu" / "not_in_it.yml").exists()
    with tarfile.open(made[0]) as archive:
        names = archive.getnames()
    assert not [name for name in names if "secret" in name or "lock" in name]


def test_restore_over_a_database_needs_force_keeps_it_and_erases_again(made, elsewhere):
    machine, _ = elsewhere
    patient = made[3][1]
    key = patient.id.hex
    mine = f"SELECT count(*) FROM chat_message WHERE conversation_id = '{key}'"
    assert rows(machine.database, mine)[0][0] > 0
    refused = machine.run("restore", made[0])
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    change_rows(
        machine.database,
        f"UPDATE chat_conversation SET erased_at = '2026-11-22' WHERE id = '{key}'",
    )

    done = machine.run("restore", made[0], "--force")

    assert done.returncode == 0, done.stderr
    assert "Erased again, since they had been: 1" in done.stdout
    assert "Files were replaced" not in done.stdout
    assert rows(machine.database, mine) == [(0,)]
    assert rows(machine.kept_database(), mine)[0][0] > 0


def test_restore_of_the_database_alone_says_when_the_keys_are_others(made, tmp_path):
    machine = Machine(ROOT, tmp_path / "home", new_database())
    done = machine.run(
        "restore",
        made[0],
        "--database-only",
        FRONTDESK_SECRET_KEY="another-secret-key-of-forty-characters!!",
        FRONTDESK_ENCRYPTION_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    )

    assert done.returncode == 1
    assert "FRONTDESK_ENCRYPTION_KEYS" in done.stdout
    assert "FRONTDESK_SECRET_KEY" in done.stderr
    assert "Files were replaced" not in done.stdout
    assert not (machine.home / "proposals").exists()


def test_restore_refuses_while_a_gateway_runs(made):
    before = Message.objects.count()

    done = Machine(ROOT, HOME, OTHER_DATABASE).run("restore", made[0], "--force")

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
        ({"format": 1}, "another version"),
        ({"engine": "oracle"}, "a backup of oracle"),
        ({"files": {"project/../../x": ""}}, "no backup"),
        ({"files": {"secrets/x": ""}}, "no backup"),
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
