"""The proposals of this installation, for the pages; files below ``CLINIC_HOME``."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.http import Http404
from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.staff.models import Person
from retraining.check_tree import Problem
from retraining.examples import ROOT
from retraining.proposal_folder import OPEN, ProposalError, folder_of
from retraining.proposal_list import all_proposals
from retraining.proposals import Proposal
from retraining.whole_file import write_whole

FINDINGS = "findings.json"
SECONDS = 180


def home() -> Path:
    """Where proposals and the list of likely mistakes lie."""
    return Path(settings.CLINIC_HOME)


def proposals() -> list[Proposal]:
    """All of them, newest first."""
    return all_proposals(home())


def open_proposals() -> list[Proposal]:
    """Those that can be added to, newest first."""
    return [proposal for proposal in proposals() if proposal.state == OPEN]


def find(proposal_id: str) -> Proposal:
    """A proposal by its id.

    Raises:
        Http404: if there is none.
    """
    try:
        return Proposal.load(folder_of(home(), proposal_id), root=settings.ROOT)
    except ProposalError as error:
        raise Http404 from error


def chosen(person: Person, proposal_id: str) -> Proposal:
    """The proposal that was chosen, or a new one.

    Raises:
        Http404: if there is no such proposal.
    """
    if proposal_id and proposal_id != "new":
        return find(proposal_id)
    today = timezone.localtime(timezone=settings.CLINIC.time_zone)
    title = f"Corrections of {today:%B} {today.day}, {today.year}"
    new = Proposal.create(home(), title, person.name)
    record(person, "new proposal", f"proposal {new.id}")
    return new


def findings(proposal: Proposal, *, with_rasa: bool = False) -> list[Problem]:
    """What the checks say, in a process of their own; kept until something changes.

    A check reads every training file: in this process it would hold up patients.

    Raises:
        ProposalError: if the checks could not be run.
    """
    file = proposal.folder / FINDINGS
    key = [proposal.digest, _stamp(ROOT), with_rasa]
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["key"][:2] == key[:2] and kept["key"][2] >= with_rasa:
            return [Problem(**each) for each in kept["found"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = _run(proposal, with_rasa)
    rows = [asdict(problem) for problem in found]
    write_whole(file, json.dumps({"key": key, "found": rows}))
    return found


def _run(proposal: Proposal, with_rasa: bool) -> list[Problem]:
    command = [sys.executable, "-m", "retraining.proposal_check", str(proposal.folder)]
    command += ["--with-rasa"] if with_rasa else []
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ProposalError(f"The checks took more than {SECONDS} s.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ProposalError(f"The checks could not be run: {last}")
    return [Problem(**each) for each in json.loads(done.stdout)]


def _stamp(root: Path) -> list[float]:
    """Changes with the files that the checks read."""
    files = [root / "domain.yml", root / "config.yml"]
    for folder in ("data", "tests/nlu", "tests/stories"):
        files += (root / folder).rglob("*.yml")
    return [len(files), max(file.stat().st_mtime for file in files if file.exists())]
