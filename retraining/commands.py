"""``python -m retraining``: from a changed example to a better model, gated on harm.

The same as the staff pages do, for developers and for continuous integration.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from retraining import commands_live, commands_work
from retraining.candidates import CandidateError
from retraining.changes import ChangeError
from retraining.comparison import ComparisonError
from retraining.content_check import ContentCheckError
from retraining.evaluation_sets import TestSetError
from retraining.jobs import JobError
from retraining.locked_cases import LockedCasesError
from retraining.places import BusyError, places
from retraining.proposal_folder import ProposalError
from retraining.proposal_items import ItemError
from retraining.release import GateError
from retraining.replay import TrafficError
from retraining.train import TrainingError
from safety.live_model import LiveModelError

# Their messages say what is wrong and what to do; anything else is a bug.
EXPECTED = (
    BusyError,
    CandidateError,
    ChangeError,
    ComparisonError,
    ContentCheckError,
    GateError,
    ItemError,
    JobError,
    LiveModelError,
    LockedCasesError,
    ProposalError,
    TestSetError,
    TrafficError,
    TrainingError,
)
DESCRIPTION = """\
From a changed example to a better model, gated on harm.

The usual way:
  check --content          what speaks against the changed files, in seconds
  train                    a candidate in the background; compares it too
  jobs                     how far that is
  gate MODEL               may it go live? each reason against it, and what helps
  promote MODEL            makes it live in all running processes, no message lost
  rollback                 the model before, and its data, in seconds
"""
EPILOGUE = """\
examples:
  python -m retraining train --proposal 20261122-1a2b3c4d --wait
  python -m frontdesk traffic --days 14 > traffic.jsonl
  python -m retraining compare 20261122-140312-20261122-1a2b3c4d --traffic traffic.jsonl
  python -m retraining canary 20261122-140312-20261122-1a2b3c4d --share 0.1 \\
      --reason "try the new cost examples on some patients"
  python -m retraining rollback --reason "answers about cost got worse"

Exit codes: 0 done, 1 the answer is no (a closed gate, a failed check), 2 it can't be
done. What is live and what was lies in models/ (live.json, registry.jsonl); jobs and
comparisons lie in $CLINIC_HOME (var/ by default). 'python -m retraining.train' and the
other modules go on working as before.
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = argparse.ArgumentParser(
        prog="python -m retraining",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (*commands_work.COMMANDS, *commands_live.COMMANDS):
        add(commands)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit code."""
    options = parser().parse_args(arguments)
    run: Callable[..., int] = options.run
    try:
        return run(places(), options)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
