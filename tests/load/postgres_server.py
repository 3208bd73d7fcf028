"""A PostgreSQL of our own for as long as a block runs.

``apt-get install postgresql`` brings the programs. Started as root it runs as the user
``postgres``, since PostgreSQL refuses root.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests.ports import free_port

HOW = "There is no PostgreSQL on this machine. As root: apt-get install postgresql."
USER = "postgres"


def find_programs():
    """The folder with initdb and pg_ctl, the newest version; None if there is none."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in [Path(found).parent] if found else reversed(folders):
        if (folder / "pg_ctl").exists():
            return folder
    return None


@contextmanager
def postgresql(keep=None):
    """The address of an empty database, as ``DATABASE_URL`` has it.

    Args:
        keep: a folder whose database stays, and is gone on with; else a temporary one.
    """
    programs = find_programs()
    if programs is None:
        raise FileNotFoundError(HOW)
    temporary = tempfile.TemporaryDirectory(prefix="postgres-")
    with nullcontext(keep) if keep else temporary as name:
        folder = Path(name).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        if not data.exists():
            made = ["-U", USER, "-A", "trust", "-E", "UTF8"]
            _run([programs / "initdb", "-D", data, *made])
        port = free_port()
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        if (data / "postmaster.pid").exists():  # left by somebody who was killed
            _run([*control, "-m", "fast", "stop"], check=False)
        _run([*control, "-o", options, "-l", folder / "log", "start"])
        try:
            yield f"postgres://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "fast" if keep else "immediate", "stop"])


def _run(command, *, check=True):
    before = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*before, *map(str, command)], check=check, cwd="/", stdout=subprocess.DEVNULL
    )
