"""``make bench-search``: how fast staff find conversations, in SQLite and PostgreSQL.

Fills databases of its own with a made-up year of conversations and asks the page of the
staff for each search. Writes results/bench_search/figures.json and table.md.
"""

import argparse
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from cryptography.fernet import Fernet

from tests.load.postgres_server import find_programs, postgresql

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results" / "bench_search"
MOST_P95 = 150  # milliseconds
MESSAGES = {"sqlite": 200_000, "postgresql": 1_000_000}


def arguments():
    parser = argparse.ArgumentParser(prog="make bench-search", description=__doc__)
    parser.add_argument("--only", choices=sorted(MESSAGES), help="one database")
    parser.add_argument("--messages", type=int, help="as many instead")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder of the SQLite database")
    parser.add_argument("--url", help="a PostgreSQL that stays, instead of an own one")
    parser.add_argument("--check", action="store_true", help="exit code 1 if too slow")
    return parser.parse_args()


def run(database, messages, rounds, keep=None, url=""):
    """The figures of one database."""
    with (
        nullcontext(keep) if keep else tempfile.TemporaryDirectory() as home,
        nullcontext(url) if url or database == "sqlite" else postgresql() as address,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "frontdesk.settings",
            "CLINIC_HOME": str(home),
            "DATABASE_URL": address,
            "REDIS_URL": "",
            "FRONTDESK_SECRET_KEY": secrets.token_urlsafe(40),
            "FRONTDESK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "RASA_AUTH_TOKEN": secrets.token_urlsafe(24),
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
        "| database | messages | p50 ms | p95 ms | slowest | first time p95 "
        "| review queue p95 | dashboard p95 | p95 of our processor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each['database']} | {each['messages']:,} | {each['p50']} | {each['p95']} "
        f"| {each['slowest']} | {each['first_time_p95']} | {each['review_queue_p95']} "
        f"| {each['dashboard_p95']} | {each['processor_p95']} |"
        for each in results
    ]
    names = [each["database"] for each in results]
    lines += ["", f"| search (median ms) | {' | '.join(names)} |"]
    lines.append(f"|---{'|---' * len(names)}|")
    for query in results[0]["each"]:
        medians = " | ".join(str(each["each"][query][0]) for each in results)
        lines.append(f"| `{query or '(everything)'}` | {medians} |")
    return "\n".join(lines)


def main():
    given = arguments()
    wanted = [given.only] if given.only else ["sqlite", "postgresql"]
    if "postgresql" in wanted and find_programs() is None:
        print("PostgreSQL is left out: apt-get install postgresql brings it.")
        wanted.remove("postgresql")
    results = []
    for name in wanted:
        messages = given.messages or MESSAGES[name]
        print(f"{name}: {messages:,} messages …", flush=True)
        own = {"keep": given.keep} if name == "sqlite" else {"url": given.url or ""}
        results.append(run(name, messages, given.rounds, **own))
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
    print(table(results))
    slow = [each["database"] for each in results if each["p95"] > MOST_P95]
    if slow:
        print(f"Slower than {MOST_P95} ms: {', '.join(slow)}.")
    return 1 if slow and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
