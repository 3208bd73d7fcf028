"""``make bench-search``: how fast staff find conversations, in SQLite and PostgreSQL.

Fills databases of its own with a made-up year of conversations and asks the page of the
staff for each search. Writes results/bench_search/figures.json and table.md.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.load.postgres_server import find_programs, postgresql
from tests.load.searches import FIND_NOTHING, PAGES, SEARCHES

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results" / "bench_search"
MOST_P95 = 150  # milliseconds
# Of made-up data alone; the same in each run, or the ledger of a kept one is broken.
NOT_SECRET = {
    "FRONTDESK_SECRET_KEY": "a-key-for-made-up-data-alone-0123456789012",
    "FRONTDESK_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "RASA_AUTH_TOKEN": "a-token-for-made-up-data-alone",
}
MESSAGES = {"sqlite": 200_000, "postgresql": 1_000_000}


def arguments():
    parser = argparse.ArgumentParser(prog="make bench-search", description=__doc__)
    parser.add_argument("--only", choices=sorted(MESSAGES), help="one database")
    parser.add_argument("--messages", type=int, help="as many instead")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder whose databases stay; filling them goes on where it was stopped",
    )
    parser.add_argument("--url", help="a PostgreSQL that stays, instead of an own one")
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit code 1 if too slow, or if a search finds nothing by mistake",
    )
    return parser.parse_args()


def run(database, messages, rounds, keep=None, url=""):
    """The figures of one database."""
    own = keep and keep / database
    with (
        nullcontext(own) if own else tempfile.TemporaryDirectory() as home,
        nullcontext(url) if url or database == "sqlite" else postgresql(own) as address,
    ):
        Path(home).mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "frontdesk.settings",
            "CLINIC_HOME": str(home),
            "DATABASE_URL": address,
            "REDIS_URL": "",
            **NOT_SECRET,
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-m", "tests.load.search_times"]
        finished = subprocess.run(
            [*command, str(messages), str(rounds)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(finished.stdout.splitlines()[-1])


def table(results):
    """The figures as Markdown."""
    lines = [
        "| database | messages | conversations | p50 ms | p95 ms | slowest "
        "| first time p95 | p95 of our processor | filled in s |",
        f"|---{'|---' * 8}|",
    ]
    lines += [
        f"| {each['database']} | {each['messages']:,} | {each['conversations']:,} "
        f"| {each['p50']} | **{each['p95']}** | {each['slowest']} "
        f"| {each['first_time_p95']} | {each['processor_p95']} "
        f"| {each['filled_in_seconds']} |"
        for each in results
    ]
    pages = {name: [each["pages"][name] for each in results] for name in PAGES}
    lines += _each("page", pages, results, lambda times: f"{times[0]} | {times[1]}")
    searches = {
        search: [(each["each"][search], each["found"][search]) for each in results]
        for search in SEARCHES
    }
    return "\n".join(
        [*lines, *_each("search", searches, results, lambda cell: _found(*cell))]
    )


def _each(what, rows, results, words):
    """One table: a row for each thing, two columns for each database."""
    second = "found" if what == "search" else "slowest"
    head = "".join(f" {each['database']}, median ms | {second} |" for each in results)
    lines = ["", f"| {what} |{head}", f"|---{'|---' * 2 * len(results)}|"]
    for name, cells in rows.items():
        name = f"`{name or '(everything)'}`" if what == "search" else name
        lines.append(f"| {name} | {' | '.join(map(words, cells))} |")
    return lines


def _found(times, count):
    return f"{times[0]} | {count:,}"


def complaints(results):
    """What is not as it must be, in words."""
    for each in results:
        if each["p95"] > MOST_P95:
            yield f"{each['database']}: p95 is above {MOST_P95} ms."
        for search, count in each["found"].items():
            if (count == 0) is not (search in FIND_NOTHING):
                yield f"{each['database']}: {search} finds {count}."


def write(results):
    """Leaves the figures in their files."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    machine = f"{os.cpu_count()} cores, {platform.platform()}"
    content = {
        "machine": machine,
        "load_average": os.getloadavg(),
        "must_p95": MOST_P95,
        "results": results,
    }
    figures = json.dumps(content, indent=2)
    (RESULTS / "figures.json").write_text(figures, encoding="utf-8")
    (RESULTS / "table.md").write_text(table(results) + "\n", encoding="utf-8")


def main():
    given = arguments()
    # Whoever stops us stops the database too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = [given.only] if given.only else ["sqlite", "postgresql"]
    if "postgresql" in wanted and not given.url and find_programs() is None:
        print("PostgreSQL is left out: apt-get install postgresql brings it.")
        wanted.remove("postgresql")
    results = []
    for name in wanted:
        messages = given.messages or MESSAGES[name]
        print(f"{name}: {messages:,} messages …", flush=True)
        url = (given.url or "") if name == "postgresql" else ""
        results.append(run(name, messages, given.rounds, given.keep, url))
    write(results)
    print(table(results))
    wrong = list(complaints(results))
    for words in wrong:
        print(words)
    return 1 if wrong and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
