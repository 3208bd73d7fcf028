"""SQLite: the line in front of its one writer, and its journal."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

# Sets Django up, so before anything of the front desk.
from tests.frontdesk.gateway_for_tests import DATABASE, wait_until  # isort: skip

from django.db import connection, transaction

from frontdesk.chat import database

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite has one writer"
)


async def in_line(order, blocker):
    """A write holds the writer; one that may wait, others, an urgent one follow."""

    async def urgent():
        database.deadline.set(asyncio.get_running_loop().time() + 5)
        await database.write(order.append, "urgent")

    first = asyncio.create_task(database.write(blocker.wait, 5))
    others = [asyncio.create_task(database.write_last(order.append, "search"))]
    for number in range(5):
        others.append(asyncio.create_task(database.write(order.append, number)))
    await asyncio.sleep(0.1)
    last = asyncio.create_task(urgent())
    await asyncio.sleep(0.1)
    assert order == []
    blocker.set()
    await asyncio.gather(first, last, *others)


def test_an_urgent_write_overtakes_those_in_line_and_the_search_nobody():
    order = []
    asyncio.run(in_line(order, threading.Event()))
    assert order == ["urgent", 0, 1, 2, 3, 4, "search"]


async def failing():
    def fail():
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        await database.write(fail)
    return await database.write(lambda: "the next one")


def test_a_failure_reaches_who_asked_and_the_writer_goes_on():
    assert asyncio.run(failing()) == "the next one"


def test_the_journal_is_copied_beside_the_writer(patient):
    """Long before a write would have to do it: a few rows lie in their place soon."""
    count = "SELECT count(*) FROM chat_message WHERE conversation_id = ?"
    patient.say("hello")
    patient.replies()

    def is_copied():
        without_journal = f"file:{DATABASE}?immutable=1"
        try:
            with closing(sqlite3.connect(without_journal, uri=True)) as file:
                rows = file.execute(count, [patient.id.hex]).fetchone()
        except sqlite3.DatabaseError:  # not even the tables, or half a copy
            return False
        return rows[0] >= 2

    wait_until(is_copied)


def test_the_journal_is_emptied_though_it_is_being_copied(gateway):
    """SQLite would give up at once, and what was erased would stay in it."""
    over = threading.Event()

    def copy():
        while not over.wait(0.0001):
            database.copy_journal()
        connection.close()

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        for _ in range(50):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("CREATE TABLE passing (text)")
                cursor.execute("INSERT INTO passing VALUES (zeroblob(4000000))")
                cursor.execute("DROP TABLE passing")
            assert database.empty_journal()
    finally:
        over.set()
        copying.join()
