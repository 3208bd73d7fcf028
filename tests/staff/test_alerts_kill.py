"""kill -9 at random points: each alert is delivered, and shown so only if it was.

``ALERT_KILLS=200 pytest -s tests/staff/test_alerts_kill.py`` is the long run.
"""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.frontdesk.gateway_for_tests import ENVIRONMENT, wait_until
from tests.staff.alert_receiver import Receiver

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ALERT_KILLS") or 6)
ALERTS = 4  # raised by each front desk
LONGEST = 0.02  # seconds of work until it is killed: about what its alerts take
OPEN = ("planned", "sending")


class Processes:
    """Front desks with a database of their own."""

    def __init__(self, home, receiver):
        self.database = home / "frontdesk.sqlite3"
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ALERT_")},
            **ENVIRONMENT,
            "CLINIC_HOME": str(home),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        }
        options = {"env": environment, "cwd": ROOT}
        command = [sys.executable, "-m", "tests.staff.alert_processes"]
        with (home / "log").open("wb") as log:
            self._starter = subprocess.Popen(
                [*command, str(receiver.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                **options,
            )
        self._running = set()
        assert self._starter.stdout.readline() == "ready\n"

    def start(self, alerts):
        process = int(self._ask(f"fork {alerts}"))
        self._running.add(process)
        return process

    def kill(self, process):
        os.kill(process, signal.SIGKILL)
        assert self._ask(f"wait {process}") == "gone"
        self._running.discard(process)

    def work_off_the_rest(self):
        process = self.start(0)
        wait_until(self.is_done, 120)
        self.kill(process)

    def rows(self, query):
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(query).fetchall()

    def alerts(self):
        return self.rows("SELECT count(*) FROM chat_alert")[0][0]

    def states(self):
        return Counter(s for (s,) in self.rows("SELECT state FROM alerts_attempt"))

    def is_done(self):
        (waiting,) = self.rows(
            "SELECT count(*) FROM chat_alert WHERE next_step_at IS NOT NULL"
        )
        return waiting == (0,) and not any(map(self.states().get, OPEN))

    def close(self):
        for process in tuple(self._running):
            self.kill(process)
        self._starter.kill()
        self._starter.wait()
        self._starter.stdin.close()
        self._starter.stdout.close()

    def _ask(self, line):
        self._starter.stdin.write(line + "\n")
        self._starter.stdin.flush()
        return self._starter.stdout.readline().strip()


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def processes(tmp_path_factory, receiver):
    made = Processes(tmp_path_factory.mktemp("front-desks"), receiver)
    yield made
    made.close()


def worked(process):
    """Seconds of work, not of time: on a busy machine they are as long as ever."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def kill_at_some_point(processes, chance):
    """Starts a front desk, and kills it after its first alert is there."""
    before = processes.alerts()
    process = processes.start(ALERTS)
    wait_until(lambda: processes.alerts() > before, 60)
    until = worked(process) + chance.random() * LONGEST
    wait_until(lambda: worked(process) > until, 60)
    processes.kill(process)


def arrived(receiver):
    """How often each (alert, channel) was really taken."""
    found = Counter()
    for path, payload in list(receiver.taken):
        (alert,) = re.findall(r"#alert-(\d+)$", payload["message"])
        found[int(alert), path] += 1
    return found


def test_killed_at_random_points_nothing_is_lost_and_nothing_is_made_up(
    processes, receiver
):
    seed = time.time_ns() if KILLS > 6 else 4
    chance = random.Random(seed)
    receiver.choose = lambda: 500 if chance.random() < 0.05 else 200
    receiver.delay = lambda: chance.random() * 0.03
    at_death = Counter()
    for number in range(1, KILLS + 1):
        kill_at_some_point(processes, chance)
        states = processes.states()
        at_death["while sending"] += bool(states["sending"])
        at_death["while planned"] += bool(states["planned"])
        if number % 20 == 0 or number == KILLS:
            processes.work_off_the_rest()

    taken = arrived(receiver)
    alerts = [pk for (pk,) in processes.rows("SELECT id FROM chat_alert")]
    outside = processes.rows(
        "SELECT alert_id, channel, state, perhaps_twice, "
        "(SELECT count(*) FROM alerts_try WHERE attempt_id = alerts_attempt.id "
        "AND outcome = 'delivered') FROM alerts_attempt WHERE channel <> 'inbox'"
    )
    print(
        f"\n{KILLS} kills, {len(alerts)} alerts, {len(outside)} attempts, "
        f"{sum(taken.values())} messages taken, {receiver.refused} refused; killed "
        f"{dict(at_death)}; {sum(row[3] for row in outside)} sent again; "
        f"{dict(processes.states())}; seed {seed}"
    )
    assert len(alerts) >= KILLS
    # Each was planned for each channel once, and told of at least once.
    expected = {(pk, name) for pk in alerts for name in ("first", "second", "third")}
    assert sorted(row[:2] for row in outside) == sorted(expected)
    assert {pk for pk, _ in taken} == set(alerts)
    for alert, channel, state, perhaps_twice, times in outside:
        # What is shown as delivered was, each time; more often only where it says so.
        assert (state == "delivered") is (times > 0)
        assert times <= taken[alert, channel]
        assert taken[alert, channel] <= 1 or perhaps_twice


def test_two_front_desks_send_everything_once(processes, receiver):
    receiver.choose, receiver.delay = lambda: 200, lambda: 0.01
    before = processes.alerts()
    (newest,) = processes.rows("SELECT coalesce(max(id), 0) FROM chat_alert")

    for _ in range(2):
        processes.start(8)
    wait_until(lambda: processes.alerts() == before + 16 and processes.is_done(), 60)

    taken = {key: n for key, n in arrived(receiver).items() if key[0] > newest[0]}
    assert len(taken) == 16 * 3
    assert set(taken.values()) == {1}
