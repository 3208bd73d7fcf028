"""What PostgreSQL's administrators are told to do, done: ``make test-postgres``."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from frontdesk.inbox.models import Note
from tests.frontdesk.gateway_for_tests import OTHER_DATABASE
from tests.staff.machines import Machine, new_database, rows
from tests.staff.search_helpers import chat, word

ROOT = Path(__file__).resolve().parents[2]
ERASURE = ROOT / "docs" / "runbooks" / "patient_asks_for_erasure.md"
pytestmark = pytest.mark.skipif(
    not OTHER_DATABASE, reason="of PostgreSQL: make test-postgres"
)


def typed(commands):
    """Commands of the runbook, in a shell that stops at the first failure."""
    environment = {**os.environ, "DATABASE_URL": OTHER_DATABASE}
    done = subprocess.run(
        ["sh", "-ec", commands], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def in_files(word):
    """Whether a word is in any table or index on the disk; its log is another thing."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    folder = Path(asked("SHOW data_directory")) / "base"
    found = subprocess.run(["grep", "-rlF", "--text", word, folder])
    return found.returncode == 0


@pytest.fixture(scope="module")
def commands():
    """The runbook's blocks: what is done beside the front desk, what without it."""
    blocks = re.findall(r"```\n(.*?)```", ERASURE.read_text(encoding="utf-8"), re.S)
    beside, alone = [block for block in blocks if "psql" in block]
    return beside, alone


@pytest.fixture
def erased(gateway, rasa):
    """Two words that only an erased patient wrote, and a note of staff had."""
    said, noted = word(), word()
    patient = chat(gateway, f"i live in {said}")
    Note.objects.create(conversation_id=patient.id, text=f"asked about {noted}")
    reply = patient.messages()[-1]
    answer = {"message": reply["id"], "thumb": "down", "comment": f"not in {said}"}
    assert patient.post("/chat/feedback", answer).is_success
    assert in_files(said)
    assert in_files(noted)
    assert patient.http.delete("/chat/session", headers=patient.headers).is_success
    return said, noted


def test_the_index_of_words_is_made_anew_beside_the_front_desk(erased, commands):
    before = asked("SELECT pg_relation_filenode('inbox_words_index')")

    said = typed(commands[0])

    assert said.split() == ["VACUUM", "REINDEX"]
    assert asked("SELECT pg_relation_filenode('inbox_words_index')") != before
    valid = "SELECT indisvalid FROM pg_index WHERE "
    assert asked(f"{valid} indexrelid = 'inbox_words_index'::regclass")
    left = "SELECT count(*) FROM pg_class WHERE relname ~ '_ccnew|_ccold'"
    assert asked(left) == 0


def test_no_erased_word_is_left_in_the_files(erased, commands, gateway):
    gateway.patient().say("this goes on")  # the gateway is connected all the time

    typed(commands[1])

    for each in erased:
        assert not in_files(each)


def test_a_dump_that_cannot_be_put_in_leaves_what_was_there(tmp_path):
    machine = Machine(ROOT, tmp_path, new_database())
    assert machine.run("migrate").returncode == 0
    before = rows(machine.database, "SELECT * FROM django_migrations ORDER BY id")
    bad = tmp_path / "bad.dump"
    bad.write_text("no dump at all")
    engine = "from frontdesk.audit.backup_engines import engine, Path"

    done = machine.run("shell", "-c", f"{engine}; engine().replace_by(Path('{bad}'))")

    assert "pg_restore failed" in done.stderr
    after = rows(machine.database, "SELECT * FROM django_migrations ORDER BY id")
    assert before == after
    assert machine.run("verify_ledger").returncode == 0


def test_the_gateway_works_after_it(gateway, rasa, commands):
    typed(commands[0] + commands[1])

    assert chat(gateway, f"{word()} {word()}").replies()
