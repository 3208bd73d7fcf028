"""The ledger: whatever is tampered with is found, and nobody acts without a name."""

import json
import random
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from frontdesk.audit import append_only, ledger, verification
from frontdesk.audit.models import AppendOnlyError, Entry, Head
from frontdesk.staff.models import Person

TAMPERINGS = 1000
COLUMNS = {
    "number": lambda dice, old: dice.choice([0, old + 1000, 10**12]),
    "at": lambda dice, old: old + timedelta(microseconds=dice.choice([-1, 1, 10**9])),
    "person_id": lambda dice, old: None if old else dice.choice([1, 2]),
    "actor": lambda dice, old: dice.choice(["Somebody else", old + " ", old.upper()]),
    "action": lambda dice, old: dice.choice(["reveal", "erase", ""]),
    "subject": lambda dice, old: old[:-1] + dice.choice("xyz"),
    "detail": lambda dice, old: {**old, "reason": dice.random()},
    "previous": lambda dice, old: "0" * 64,
    "seal": lambda dice, old: dice.choice([old[::-1], "", "é" * 64, old[:-1]]),
}


@pytest.fixture
def chain(gateway, people):
    """A ledger of its own, without the triggers, as an attacker would have it."""
    with ledger_of(16, [people.make("viewer"), ledger.Job("retention")]):
        yield list(Entry.objects.order_by("number"))


@contextmanager
def ledger_of(entries, actors):
    """All of it is rolled back."""
    with transaction.atomic():
        append_only.unprotect()
        execute("DELETE FROM audit_entry")
        execute("DELETE FROM audit_head")
        for number in range(entries):
            actor = actors[number % len(actors)]
            ledger.record(
                actor, "read", f"conversation {number:032x}", n=number, x=0.1, why="ä"
            )
        assert ledger.verify() is None
        yield
        transaction.set_rollback(True)


@contextmanager
def undone():
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def write(entry, column, value):
    """As who has the database can, past all models."""
    if column == "at" and connection.vendor == "sqlite":
        value = value.replace(tzinfo=None).isoformat(sep=" ")
    if column == "detail":
        value = json.dumps(value)
    execute(f"UPDATE audit_entry SET {column} = %s WHERE number = %s", value, entry)


# --- tampering ------------------------------------------------------------------------


def change_a_column(dice, chain):
    entry, column = dice.choice(chain), dice.choice(sorted(COLUMNS))
    write(entry.number, column, COLUMNS[column](dice, getattr(entry, column)))


def delete_a_row(dice, chain):
    execute("DELETE FROM audit_entry WHERE number = %s", dice.choice(chain).number)


def delete_the_last_rows(dice, chain):
    execute("DELETE FROM audit_entry WHERE number > %s", dice.randrange(len(chain)))


def delete_the_last_rows_and_move_the_end(dice, chain):
    new_end = dice.choice(chain[:-1])
    execute("DELETE FROM audit_entry WHERE number > %s", new_end.number)
    execute(
        "UPDATE audit_head SET number = %s, seal = %s", new_end.number, new_end.seal
    )


def swap_two_rows(dice, chain):
    one, other = dice.sample(chain, 2)
    write(one.number, "number", 10**9)
    write(other.number, "number", one.number)
    write(10**9, "number", other.number)


def swap_two_contents(dice, chain):
    one, other = dice.sample(chain, 2)
    for name in ("actor", "action", "subject", "detail", "seal", "previous"):
        write(one.number, name, getattr(other, name))
        write(other.number, name, getattr(one, name))


def forge_a_row(dice, chain):
    """Sealed with a guessed key; the end is moved on, too."""
    last = chain[-1]
    seal = f"{dice.getrandbits(256):064x}"
    forged = Entry(
        number=last.number + 1,
        actor="Jordan",
        action="approve",
        subject="answer",
        previous=last.seal,
        seal=seal,
    )
    forged.save()
    if dice.random() < 0.5:
        execute("UPDATE audit_head SET number = %s, seal = %s", forged.number, seal)


def copy_a_row_to_the_end(dice, chain):
    copied = dice.choice(chain)
    copied = Entry.objects.get(pk=copied.number)
    copied.number, copied._state.adding = chain[-1].number + 1, True
    copied.save()


def remove_a_row_and_close_the_gap(dice, chain):
    gone = dice.choice(chain)
    execute("DELETE FROM audit_entry WHERE number = %s", gone.number)
    for entry in chain[gone.number :]:
        write(entry.number, "number", entry.number - 1)


def change_the_end(dice, chain):
    statement, values = dice.choice(
        [
            ("UPDATE audit_head SET number = number - 1", ()),
            ("UPDATE audit_head SET number = number + 1", ()),
            ("UPDATE audit_head SET seal = %s", (chain[3].seal,)),
            ("UPDATE audit_head SET own_seal = %s", (chain[4].seal,)),
            ("UPDATE audit_head SET own_seal = ''", ()),
            ("DELETE FROM audit_head", ()),
            (
                "INSERT INTO audit_head SELECT 9, number, seal, own_seal "
                "FROM audit_head",
                (),
            ),
        ]
    )
    execute(statement, *values)


def put_in_what_is_none(dice, chain):
    """SQLite takes anything in any column; PostgreSQL refuses it by itself."""
    execute("PRAGMA ignore_check_constraints = ON")
    entry = dice.choice(chain)
    value = dice.choice(["nonsense", b"\xff\x00", "{", "9999-99-99 00:00:00"])
    column = dice.choice(["at", "detail", "actor", "seal"])
    statement = f"UPDATE audit_entry SET {column} = %s WHERE number = %s"
    execute(statement, value, entry.number)
    execute("PRAGMA ignore_check_constraints = OFF")


WAYS = [
    change_a_column,
    delete_a_row,
    delete_the_last_rows,
    delete_the_last_rows_and_move_the_end,
    swap_two_rows,
    swap_two_contents,
    forge_a_row,
    copy_a_row_to_the_end,
    remove_a_row_and_close_the_gap,
    change_the_end,
]
if connection.vendor == "sqlite":
    WAYS.append(put_in_what_is_none)


def test_each_of_many_random_tamperings_is_found(chain):
    """Of whoever can write anything into the database, but has not got the key."""
    dice, unseen = random.Random(20261122), []
    for number in range(TAMPERINGS):
        way = WAYS[number % len(WAYS)]
        with undone():
            way(dice, chain)
            if ledger.verify() is None:
                unseen.append((number, way.__name__))
    assert unseen == []
    assert ledger.verify() is None


@pytest.mark.parametrize("way", [w for w in WAYS if w is not forge_a_row])
def test_what_is_recorded_after_a_tampering_does_not_hide_it(chain, way):
    for seed in range(5):
        with undone():
            way(random.Random(seed), chain)
            assert ledger.verify() is not None
            ledger.record(ledger.Job("test"), "check", "ledger")
            ledger.record(ledger.Job("test"), "check", "ledger")
            assert ledger.verify() is not None, seed


def test_first_broken_entry_is_named(chain):
    for column in ("actor", "detail"):
        with undone():
            write(11, column, "x" if column == "actor" else {})
            assert ledger.verify().number == 11
    with undone():
        execute("DELETE FROM audit_entry WHERE number = 13")
        assert ledger.verify() == ledger.Broken(13, "is missing")
    with undone():
        execute("DELETE FROM audit_entry WHERE number = 16")
        assert ledger.verify() == ledger.Broken(16, "is missing at the end")


def test_a_ledger_written_anew_is_found_with_an_anchor(chain):
    anchor = verification.Anchor.of(str(verification.anchor()))
    assert verification.verify(against=anchor) is None
    job = ledger.Job("somebody with the key")
    ledger.record(job, "check", "ledger")
    assert verification.verify(against=anchor) is None

    with ledger_of(60, [job]):
        assert ledger.verify() is None
        assert verification.verify(against=anchor).number == 16
    with ledger_of(10, [job]):
        assert verification.verify(against=anchor).number == 11


def test_old_key_still_opens_what_it_sealed_and_nothing_newer(chain, change):
    from django.conf import settings

    old = settings.SECRET_KEY
    change(
        SECRET_KEY="another-secret-of-the-same-installation", SECRET_KEY_FALLBACKS=[]
    )
    assert ledger.verify().number == 1
    change(SECRET_KEY_FALLBACKS=[old])
    assert ledger.verify() is None
    ledger.record(ledger.Job("test"), "check", "ledger")
    assert ledger.verify() is None

    # Whoever has found the old key can't go on with it.
    change(
        SECRET_KEY=old, SECRET_KEY_FALLBACKS=["another-secret-of-the-same-installation"]
    )
    ledger.record(ledger.Job("test"), "check", "ledger")
    change(
        SECRET_KEY="another-secret-of-the-same-installation", SECRET_KEY_FALLBACKS=[old]
    )
    assert ledger.verify().number == 18


# --- writing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "actor",
    [
        None,
        "Jordan",
        AnonymousUser(),
        Person(name="Nobody yet", email="a@b.example"),
        ledger.Job(""),
        ledger.Job("  "),
        object(),
    ],
    ids=lambda who: f"{type(who).__name__} {getattr(who, 'name', '')}",
)
def test_nobody_is_refused(gateway, actor):
    before = Entry.objects.count()

    with pytest.raises(ledger.AnonymousActorError):
        ledger.record(actor, "read", "conversation 1")

    assert Entry.objects.count() == before


def test_the_database_too_wants_a_name(chain):
    with pytest.raises(DatabaseError), undone_by_error():
        write(3, "actor", "")


@contextmanager
def undone_by_error():
    with transaction.atomic():
        yield


def test_what_is_recorded_comes_back_as_it_was(chain, people):
    person = people.make("trainer", name="Zoë “Ünï” O'Neil" + "y" * 80)
    at = datetime(2026, 3, 8, 9, 59, 59, 1, tzinfo=timezone.get_fixed_timezone(-420))
    detail = {"a": [1, 2.5, 1e300, None, True], "b": {"é\0": at}, "c": person}

    ledger.record(person, "edit", "answer \0" + "x" * 200, **detail)

    last = Entry.objects.order_by("-number").first()
    assert last.detail["a"] == [1, 2.5, int(1e300), None, True]
    assert last.detail["b"] == {"é": str(at)}
    assert (last.actor, len(last.subject)) == (person.name, 100)
    assert ledger.verify() is None


def test_only_whole_transactions_are_recorded(gateway):
    before = Entry.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ledger.record(ledger.Job("test"), "check", "ledger")
        raise ZeroDivisionError
    assert Entry.objects.count() == before


# --- append-only ----------------------------------------------------------------------


@pytest.fixture
def an_entry(gateway):
    ledger.record(ledger.Job("test"), "check", "ledger")
    assert append_only.missing() == []


STATEMENTS = [
    "UPDATE audit_entry SET actor = 'x'",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET number = number - 1",
    {
        "sqlite": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry",
        "postgresql": "TRUNCATE audit_entry",
    },
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
def test_the_database_refuses(an_entry, statement):
    if isinstance(statement, dict):
        statement = statement[connection.vendor]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        execute(statement)


def test_the_models_refuse(an_entry):
    entry = Entry.objects.first()
    for refused in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            refused()
    with pytest.raises(AppendOnlyError):
        Entry.objects.update(actor="x")


def test_migrate_brings_back_the_triggers(an_entry):
    append_only.unprotect()
    assert len(append_only.missing()) == len(append_only._triggers(connection))

    with pytest.raises(CommandError, match="no longer protects"):
        call_command("verify_ledger")
    call_command("migrate", verbosity=0)

    assert append_only.missing() == []


# --- the command ----------------------------------------------------------------------


def test_command_says_that_all_is_well_and_prints_an_anchor(an_entry, capsys):
    call_command("verify_ledger", "--anchor")

    said = capsys.readouterr().out.splitlines()
    assert said[-2].endswith("entries, all as written.")
    call_command("verify_ledger", "--against", said[-1])
    with pytest.raises(CommandError, match="write NUMBER:SEAL"):
        call_command("verify_ledger", "--against", "17")


def test_command_names_the_entry_and_the_runbook(chain):
    write(5, "action", "nothing")

    with pytest.raises(
        CommandError, match=r"Entry 5 was changed.*runbooks/ledger"
    ) as e:
        call_command("verify_ledger")
    assert e.value.returncode == 1


def test_head_is_one_row(an_entry):
    assert Head.objects.count() == 1
