"""Commands that work towards a candidate: check, train, jobs, compare, gate."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from retraining import checks, job_processes, jobs
from retraining import comparison as kept
from retraining.content_check import check_content
from retraining.evaluation_measures import percent
from retraining.gate import Reason, counted
from retraining.jobs import Job
from retraining.places import Places
from retraining.release import verdict

SECONDS_BETWEEN_NEWS = 2.0


def _add_check(commands: Any) -> None:
    parser = commands.add_parser(
        "check",
        help="what speaks against the project's files, without training",
        description="The house checks (as 'make check' runs them). With --content also "
        "what the gate can say without a training: an answer changed under an old "
        "approval, files that a proposal may not touch, crisis wording taught as "
        "something else, stories that skip a hand-off, contradictions that Rasa finds. "
        "Compares the working files, or a proposal, with a git revision. Under two "
        "minutes; for CI.",
    )
    parser.add_argument("--content", action="store_true", help="the whole of it")
    parser.add_argument(
        "--since",
        default="HEAD",
        metavar="REVISION",
        help="changes since this git revision are judged (default: HEAD)",
    )
    parser.add_argument("--proposal", metavar="ID", help="judge a proposal instead")
    parser.set_defaults(run=check)


def check(places: Places, options: argparse.Namespace) -> int:
    """``check``."""
    if not options.content:
        return checks.main([str(places.root)])
    began = time.monotonic()
    found = check_content(places, since=options.since, proposal=options.proposal)
    _print_reasons(found)
    against = counted(len(found), "reason")
    words = f"{against} against it" if found else "Nothing speaks against it"
    print(f"{words} ({time.monotonic() - began:.0f} s).")
    return 1 if found else 0


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a candidate in the background, and compare it",
        description="Trains the project as it is, or with a proposal, as a process of "
        "its own; one at a time. The candidate appears in models/ whole or not at all "
        "and is not live. Without --no-compare it is compared with the live model too.",
    )
    parser.add_argument("--proposal", metavar="ID", help="with this proposal")
    parser.add_argument("--actor", default="command line", help="who wants it")
    parser.add_argument("--no-compare", action="store_true", help="train only")
    parser.add_argument("--wait", action="store_true", help="return when it is done")
    parser.set_defaults(run=train)


def train(places: Places, options: argparse.Namespace) -> int:
    """``train``."""
    job = job_processes.start(
        places,
        actor=options.actor,
        proposal=options.proposal,
        compare=not options.no_compare,
    )
    print(f"Training {job.id} has begun.")
    if not options.wait:
        print(f"See 'python -m retraining jobs {job.id}'.")
        return 0
    shown = ""
    while job.is_running:
        job = jobs.read(places, job.id)
        words = f"{job.percent:3d} % {job.phase}"
        if words != shown:
            print(words, flush=True)
            shown = words
        time.sleep(SECONDS_BETWEEN_NEWS)
    _print_job(job)
    return 0 if job.state == jobs.DONE else 1


def _add_jobs(commands: Any) -> None:
    parser = commands.add_parser(
        "jobs",
        help="trainings: how far, what came of them; cancel one",
        description="All trainings that are kept, newest first; with an id one of them "
        "and the end of its log.",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="of a training")
    parser.add_argument("--cancel", action="store_true", help="end it")
    parser.add_argument("--lines", type=int, default=20, help="of the log (default 20)")
    parser.set_defaults(run=show_jobs)


def show_jobs(places: Places, options: argparse.Namespace) -> int:
    """``jobs``."""
    if options.id is None:
        found = jobs.all_jobs(places)
        for job in found:
            _print_job(job)
        if not found:
            print("There was no training yet.")
        return 0
    cancel = job_processes.cancel if options.cancel else jobs.read
    _print_job(cancel(places, options.id))
    for line in jobs.log_of(places, options.id, options.lines):
        print(f"  {line}")
    return 0


def _print_job(job: Job) -> None:
    what = f"proposal {job.proposal}" if job.proposal else "the project as it is"
    print(f"{job.id}  {job.state}, {job.percent} %, {job.phase}: {what}, {job.actor}")
    for name in ("model", "comparison", "error"):
        if value := getattr(job, name):
            print(f"    {name}: {value}")


def _add_compare(commands: Any) -> None:
    parser = commands.add_parser(
        "compare",
        help="a candidate beside the live model, on everything there is",
        description="Asks both models all test messages, conversations and locked "
        "safety cases, and replays real traffic if there is a file of it. Writes JSON "
        "and a page below $CLINIC_HOME/comparisons. Test messages of the reporting "
        "half are in the page only.",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a candidate: its name in models/"
    )
    parser.add_argument(
        "--traffic",
        type=Path,
        metavar="FILE",
        help="from 'python -m frontdesk traffic --days N'",
    )
    parser.add_argument("--json", action="store_true", help="print the JSON instead")
    parser.set_defaults(run=run_comparison)


def run_comparison(places: Places, options: argparse.Namespace) -> int:
    """``compare``."""
    from retraining.compare import compare

    comparison = compare(
        places, options.model, traffic=options.traffic, say=_say_on_terminal
    )
    folder = places.comparisons / comparison.id
    if options.json:
        print((folder / kept.FILE).read_text(encoding="utf-8"))
        return 0
    counts = comparison.counts()
    print(
        f"{comparison.candidate} beside {comparison.live}: {counts['better']} test "
        f"messages better, {counts['worse']} worse, {counts['different']} different."
    )
    for row in comparison.figures:
        if row.pairs.worse or row.pairs.better:
            print(
                f"  {row.title}: {percent(row.live[0])} -> {percent(row.candidate[0])} "
                f"({row.pairs.better} better, {row.pairs.worse} worse, "
                f"p = {row.pairs.p:.3f})"
            )
    if comparison.replay:
        print(
            f"  These {comparison.replay['changed']} replies to patients would change."
        )
    print(f"Page: {folder / kept.PAGE}")
    return 0


def _say_on_terminal(percent_done: int, phase: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if percent_done == 100 else "\r"
        print(f"{percent_done:3d} % {phase:60}", end=end, file=sys.stderr, flush=True)


def _add_gate(commands: Any) -> None:
    parser = commands.add_parser(
        "gate",
        help="may a candidate go live?",
        description="The reasons against a candidate, from its newest comparison with "
        "what is live now. Exit code 0: none. The numbers are in retraining/gate.yml.",
    )
    parser.add_argument("model", metavar="MODEL", help="a candidate")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=gate)


def gate(places: Places, options: argparse.Namespace) -> int:
    """``gate``."""
    found = verdict(places, options.model)
    if options.json:
        print(json.dumps([reason.as_json() for reason in found.reasons], indent=1))
    elif found.is_open:
        print(f"Nothing speaks against {options.model}.")
    else:
        _print_reasons(list(found.reasons))
    return 0 if found.is_open else 1


def _print_reasons(found: list[Reason]) -> None:
    for reason in found:
        who = "two people can set it aside" if reason.can_be_overridden else "final"
        print(f"- {reason.words}\n    {reason.do} [{reason.code}, {who}]")


COMMANDS = (_add_check, _add_train, _add_jobs, _add_compare, _add_gate)
