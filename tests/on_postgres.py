"""``make test-postgres``: the front desk's tests on a PostgreSQL of their own.

Arguments go to pytest, in place of all tests that need neither browser nor model. With
TEST_DATABASE_URL that empty database is used, and left full. ``--install`` brings
Debian's PostgreSQL where that can be done.
"""

import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from tests.load.postgres_server import HOW, find_programs, postgresql

ROOT = Path(__file__).resolve().parents[1]
ALL = ("-m", "not slow and not model", "tests/frontdesk", "tests/staff")


def run(arguments=ALL, **options):
    """Runs pytest; gives the finished process."""
    named = os.environ.get("TEST_DATABASE_URL")
    with nullcontext(named) if named else postgresql() as address:
        environment = {**os.environ, "TEST_DATABASE_URL": address}
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(command, env=environment, cwd=ROOT, **options)


def install():
    """Installs one unless there is one; gives an exit code."""
    if not find_programs() and os.geteuid() == 0 and shutil.which("apt-get"):
        # What the package would start by itself is not for tests.
        environment = {
            **os.environ,
            "RUNLEVEL": "1",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        Path("/etc/postgresql-common").mkdir(exist_ok=True)
        subprocess.run(["apt-get", "update"], check=False)
        command = ["apt-get", "install", "-y", "--no-install-recommends", "postgresql"]
        subprocess.run(command, env=environment, check=False)
    found = find_programs()
    print(f"PostgreSQL: {found}" if found else HOW)
    return 0 if found else 1


def main(arguments):
    if arguments == ["--install"]:
        return install()
    if not os.environ.get("TEST_DATABASE_URL") and not find_programs():
        print(HOW, file=sys.stderr)
        return 1
    return run(arguments or ALL).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
