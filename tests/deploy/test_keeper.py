"""The keeper, with children and a clock of the tests' own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.keeper import LONGEST_PAUSE, Keeper


class FakeChild:
    def __init__(self, name="front desk"):
        self.name = name
        self.log = Path("some.log")
        self.code = None
        self.starts = 0
        self.stops = 0

    def exit_code(self):
        return self.code

    def last_lines(self, count):
        return ["the last words"]

    def stop(self):
        self.stops += 1

    def start(self):
        self.starts += 1
        self.code = None


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


def keep(said, clock, *children):
    return Keeper(children, say=said.append, clock=clock)


def test_what_runs_is_left_alone(said, clock):
    child = FakeChild()
    keeper = keep(said, clock, child)
    for _ in range(5):
        clock.now += 100
        keeper.check()
    assert (child.starts, said) == (0, [])


def test_what_has_ended_is_started_again_at_once_and_named(said, clock):
    child, other = FakeChild(), FakeChild("Rasa server")
    keeper = keep(said, clock, child, other)
    child.code = -9
    keeper.check()
    keeper.check()
    assert (child.starts, child.stops, other.starts) == (1, 1, 0)
    assert "front desk has ended (exit code -9); it is started again now" in said[0]
    assert "the last words" in said[0]
    assert len(said) == 1


def test_what_ends_again_and_again_is_given_time_but_never_given_up(said, clock):
    child = FakeChild()
    keeper = keep(said, clock, child)
    pauses = []
    for _ in range(9):
        child.code = 1
        keeper.check()
        ended_at, starts = clock.now, child.starts
        while child.starts == starts:
            keeper.check()
            clock.now += 0.5
        pauses.append(clock.now - 0.5 - ended_at)
    assert pauses == [0, 1, 3, 7, 15, 30, 30, 30, 30]
    assert max(pauses) == LONGEST_PAUSE


def test_a_minute_of_health_wipes_the_slate(said, clock):
    child = FakeChild()
    keeper = keep(said, clock, child)
    for _ in range(2):
        child.code = 1
        keeper.check()
        clock.now += 2
        keeper.check()
    clock.now += 61
    child.code = 1
    keeper.check()
    assert said[-1].count("started again now") == 1


def test_one_that_waits_does_not_hold_up_the_others(said, clock):
    slow, quick = FakeChild(), FakeChild("Rasa server")
    keeper = keep(said, clock, slow, quick)
    for _ in range(3):
        slow.code = 1
        keeper.check()
        clock.now += 0.1
    quick.code = 1
    keeper.check()
    keeper.check()
    assert slow.code == 1
    assert quick.starts == 1
