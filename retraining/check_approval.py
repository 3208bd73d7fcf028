"""House checks on approvals: metadata, dates, drafts. Used by ``checks``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from clinic.answers import NEVER_REFUSED_KINDS, Answer
from clinic.profile import ClinicFileError, load_clinic
from clinic.topics import ROUTES
from retraining.check_tree import Entry, Problem, Tree

REQUIRED_METADATA = (
    "route",
    "status",
    "approved_by",
    "approved_on",
    "review_by",
    "sources",
)
KINDS = {*NEVER_REFUSED_KINDS, "answer"}
# Longest time from approval to review (docs/content.md), in days.
REVIEW_DAYS = 184
REVIEW_DAYS_MONEY = 92
MONEY_TOPICS = {"cost", "payment_options", "insurance_coverage"}
# The federal telehealth rule ends on that day unless it is extended.
TELEHEALTH_RULE_ENDS = date(2026, 12, 31)
READERS_OF_CLINIC = ("clinic", "components", "actions", "frontdesk", "deploy")
QUOTED = re.compile(r"[\"'](\w+)[\"']")


def check_approval(tree: Tree) -> Iterator[Problem]:
    """Approval metadata is there, true to its form, and not overdue."""
    for entry in tree.entries:
        yield from check_entry(entry, tree.today)


def check_entry(entry: Entry, today: date) -> Iterator[Problem]:
    """The same for one text; also for one that is not yet in a file."""
    yield from _metadata(entry)
    yield from _dates(entry, today)


def check_clinic_file(tree: Tree) -> Iterator[Problem]:
    """``clinic.yml`` makes sense, and fits the texts there are."""
    try:
        clinic = load_clinic(tree.root / "clinic.yml")
    except ClinicFileError as error:
        what = str(error).replace(f"{tree.root}/", "")
        yield Problem("error", "clinic-file", "clinic.yml", what, "See the message.")
        return
    drafts = draft_count(tree)
    if drafts and not clinic.serve_drafts:
        yield Problem(
            "error",
            "clinic-file",
            "clinic.yml: serve_drafts",
            f"{drafts} texts are drafts, and the clinic serves none: no start",
            "Have a clinician approve them, or set serve_drafts: true for a demo.",
        )


def check_clinic_keys(tree: Tree) -> Iterator[Problem]:
    """Every key of ``clinic.yml`` is read: what a clinic fills in has an effect."""
    values = tree.content("clinic.yml")
    read = _names_in_code()
    for key in sorted(_keys(values) - read):
        yield Problem(
            "error",
            "clinic-keys",
            f"clinic.yml:{tree.line_of('clinic.yml', rf'\b{re.escape(key)}:')} {key}",
            "nothing reads this key",
            "Correct its name, or take it out.",
        )


def _keys(value: Any) -> set[str]:
    """The keys of a mapping and of all that is in it."""
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    if not isinstance(value, dict):
        return set()
    return set(map(str, value)).union(*map(_keys, value.values()))


@cache
def _names_in_code() -> set[str]:
    """Every name that stands in quotes in the code that may read ``clinic.yml``."""
    root = Path(__file__).resolve().parent.parent
    files = (
        file for package in READERS_OF_CLINIC for file in (root / package).rglob("*.py")
    )
    return {name for file in files for name in QUOTED.findall(file.read_text("utf-8"))}


def draft_count(tree: Tree) -> int:
    """How many texts nobody has approved yet."""
    return sum(entry.answer.is_draft for entry in tree.entries)


def _metadata(entry: Entry) -> Iterator[Problem]:
    own = entry.answer.metadata
    say = ("error", "metadata", entry.where)
    missing = [key for key in REQUIRED_METADATA if key not in own]
    if missing:
        yield Problem(*say, f"no {', '.join(missing)}", "See docs/content.md.")
    if own.get("route") not in (*ROUTES, None):
        yield Problem(*say, f"route '{own['route']}' is unknown", "Correct it.")
    if entry.answer.kind not in KINDS:
        yield Problem(*say, f"kind '{entry.answer.kind}' is unknown", "Correct it.")
    approval = [own.get("approved_by"), own.get("approved_on")]
    if own.get("status") == "approved" and not all(approval):
        yield Problem(
            *say,
            "approved, but not by whom and when",
            "Only the clinician who read the text enters approved_by and approved_on.",
        )
    elif own.get("status") == "draft" and any(approval):
        yield Problem(
            *say,
            "a draft that names an approval",
            "Empty approved_by and approved_on, or set status: approved.",
        )
    elif own.get("status") not in ("draft", "approved", None):
        yield Problem(*say, f"status '{own['status']}'", "Write draft or approved.")


def _dates(entry: Entry, today: date) -> Iterator[Problem]:
    own = entry.answer.metadata
    say = ("error", "review-date", entry.where)
    days: dict[str, date] = {}
    for key in ("approved_on", "review_by"):
        value = own.get(key)
        if not value:
            continue
        try:
            if not isinstance(value, str):
                raise ValueError
            days[key] = date.fromisoformat(value)
        except ValueError:
            yield Problem(
                *say, f"{key}: {value} is no date in quotes", 'Write "2027-05-22".'
            )
    if "review_by" not in days:
        return
    latest = latest_review(entry.answer, days.get("approved_on"))
    if latest and days["review_by"] > latest:
        yield Problem(
            *say, f"review_by is later than {latest}", "See docs/content.md, dates."
        )
    if days["review_by"] < today:
        yield Problem(
            "warning",
            "overdue",
            entry.where,
            f"was to be reviewed by {days['review_by']}",
            "Have a clinician review it and set the next date.",
        )


def latest_review(answer: Answer, approved_on: date | None) -> date | None:
    """The latest day of review for a text approved on a day; None if that is open."""
    own = answer.metadata
    at_home = "at_home" in answer.conditions.values()
    if own.get("topic") == "at_home_ketamine" or at_home:
        return TELEHEALTH_RULE_ENDS
    if approved_on is None:
        return None
    money = own.get("topic") in MONEY_TOPICS
    days = REVIEW_DAYS_MONEY if money else REVIEW_DAYS
    return date.fromordinal(approved_on.toordinal() + days)
