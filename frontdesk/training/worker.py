"""The process of a training that the pages have started: ``… DAYS FOLDER``.

Before ``retraining.job_worker`` does its work, it writes down what patients have said
in the last days, which is replayed under both models; afterwards that file is removed.
It reads the database and never writes to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from retraining import job_worker
from retraining.jobs import TRAFFIC_FILE


def main(arguments: Sequence[str]) -> int:
    """Does the training of a job's folder; gives its exit code."""
    days, folder = int(arguments[0]), Path(arguments[1])
    for left in folder.parent.glob(f"*/{TRAFFIC_FILE}"):
        left.unlink(missing_ok=True)
    file = folder / TRAFFIC_FILE
    try:
        if days:
            _write_traffic(file, days)
        return job_worker.main([str(folder)])
    finally:
        file.unlink(missing_ok=True)


def _write_traffic(file: Path, days: int) -> None:
    """Without the database the training goes on, and the log says what is missing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "frontdesk.settings")
    import django

    django.setup()
    from django.db import DatabaseError, connections
    from django.utils import timezone

    from frontdesk.chat import traffic

    since = timezone.now() - timedelta(days=days)
    try:
        with file.open("w", encoding="utf-8") as stream:
            file.chmod(0o600)
            for count, line in enumerate(traffic.lines(since, named=True), start=1):
                stream.write(f"{line}\n")
                if count % 1000 == 0:
                    print(f"{count} messages to replay", flush=True)
    except DatabaseError as error:
        file.unlink(missing_ok=True)
        print(f"Nothing is replayed: {type(error).__name__}.", flush=True)
    finally:
        connections.close_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
