"""Commands that change or show what is live, and what is kept of the past."""

from __future__ import annotations

import argparse
import getpass
import json
from dataclasses import asdict
from typing import Any

from retraining import registry
from retraining.changes import live_content, recover
from retraining.gate import Override
from retraining.places import Places
from retraining.promote import Done, end_canary
from retraining.pruning import MOST_BACK, MOST_SPARE, prune
from retraining.release import release, release_canary, take_back


def _add_promote(commands: Any) -> None:
    parser = commands.add_parser(
        "promote",
        help="make a candidate live, if the gate is open",
        description="Makes the candidate's data the project's (committed where it is a "
        "git repository) and the model the live one. Every running process loads it "
        "beside the old one and then switches; if one can't, the old model is live "
        "again. A crash on the way is finished or undone by the next command.",
    )
    _model_and_reason(parser)
    parser.add_argument(
        "--override",
        nargs=2,
        metavar=("PERSON", "PERSON"),
        help="two people who set the gate's reasons aside; never for danger",
    )
    parser.add_argument("--override-reason", default="", metavar="WORDS", help="why")
    parser.set_defaults(run=promote)


def promote(places: Places, options: argparse.Namespace) -> int:
    """``promote``."""
    override = None
    if options.override:
        first, second = options.override
        override = Override((first, second), options.override_reason)
    return _print_done(
        release(
            places,
            options.model,
            actor=options.actor,
            reason=options.reason,
            override=override,
        )
    )


def _add_rollback(commands: Any) -> None:
    parser = commands.add_parser(
        "rollback",
        help="the model before is live again, with its data",
        description="Takes the last promotion back, or all since an earlier model was "
        "live. Data files that somebody has edited since stay as they are, and the "
        "registry names them. Asks no gate: what was live was let through once.",
    )
    parser.add_argument("--to", metavar="MODEL", help="an earlier live model")
    _who_and_why(parser)
    parser.set_defaults(run=rollback)


def rollback(places: Places, options: argparse.Namespace) -> int:
    """``rollback``."""
    done = take_back(places, actor=options.actor, reason=options.reason, to=options.to)
    for name in done.entry.detail.get("left", ()):
        print(f"{name} was edited since and stays as it is.")
    return _print_done(done)


def _add_canary(commands: Any) -> None:
    parser = commands.add_parser(
        "canary",
        help="try a candidate on a share of new conversations; or end that",
        description="From now on a share of the conversations that begin goes to the "
        "candidate; which, follows from their ids. Conversations stay where they "
        "began. Promote it, or end it with --end. At the door the live model's danger "
        "detector goes on listening to everybody.",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a candidate")
    parser.add_argument("--share", type=float, default=0.1, help="0.1 by default")
    parser.add_argument("--end", action="store_true", help="nobody gets it any more")
    _who_and_why(parser)
    parser.set_defaults(run=canary)


def canary(places: Places, options: argparse.Namespace) -> int:
    """``canary``."""
    who = {"actor": options.actor, "reason": options.reason}
    if options.end:
        return _print_done(end_canary(places, **who))
    if options.model is None:
        print("Name a MODEL, or --end.")
        return 2
    return _print_done(release_canary(places, options.model, options.share, **who))


def _add_registry(commands: Any) -> None:
    parser = commands.add_parser(
        "registry",
        help="which model ran when, who wanted it, and what runs now",
        description="The lines of models/registry.jsonl, oldest first, then what is "
        "live and what each running process says. Finishes what a crash has left.",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=show_registry)


def show_registry(places: Places, options: argparse.Namespace) -> int:
    """``registry``."""
    done = recover(places)
    entries = registry.read(places)
    live = live_content(places)
    running = registry.processes(places)
    if options.json:
        content = {
            "entries": [asdict(entry) for entry in entries],
            "live": live,
            "processes": [asdict(process) for process in running],
        }
        print(json.dumps(content, indent=1, ensure_ascii=False))
        return 0
    if done:
        print(f"A change that a crash had interrupted was finished: {done}.")
    for entry in entries:
        print(
            f"{entry.at}  {entry.event}: {entry.model}, {entry.actor}: {entry.reason}"
        )
    if live is None:
        print("Nothing was promoted yet: the newest training answers.")
    else:
        tried = live["canary"]
        share = f", canary {tried['id']} for {tried['share']:.0%}" if tried else ""
        print(f"Live: {live['model']['id']}{share}")
    for process in running:
        trouble = f" ({process.error})" if process.error else ""
        print(f"  {process.kind} process {process.pid}: {process.model}{trouble}")
    return 0


def _add_prune(commands: Any) -> None:
    parser = commands.add_parser(
        "prune",
        help="remove trained models that nothing needs",
        description="Keeps what answers patients, the models before it (at most "
        f"{MOST_BACK}), the newest model of each submitted proposal, and the "
        f"{MOST_SPARE} newest others. The registry goes on naming what is removed. "
        "Done after each training too.",
    )
    parser.set_defaults(run=prune_models)


def prune_models(places: Places, options: argparse.Namespace) -> int:
    """``prune``."""
    removed = prune(places)
    for name in removed:
        print(f"Removed: {name}")
    if not removed:
        print("Nothing to remove.")
    return 0


def _model_and_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a candidate: its name in models/"
    )
    _who_and_why(parser)


def _who_and_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, metavar="WORDS", help="why")
    parser.add_argument(
        "--actor", default=_user(), help="who (default: your user name)"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "command line"


def _print_done(done: Done) -> int:
    entry = done.entry
    print(f"{entry.event.capitalize()}: {entry.model}, after {done.seconds:.1f} s.")
    if entry.commit:
        print(f"Data commit: {entry.commit}")
    for process in done.waiting:
        print(f"Not followed yet: the {process.kind} process {process.pid}.")
    return 0


COMMANDS = (_add_promote, _add_rollback, _add_canary, _add_registry, _add_prune)
