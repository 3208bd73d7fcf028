"""Proposals: changes to the training data that are looked at before they are used.

A proposal is a folder ``<home>/proposals/<id>/`` with one file, which is replaced as a
whole by each change. It holds *items* (``proposal_items``) and, from developers, whole
files; both are laid over ``data/nlu``, ``data/stories`` and ``tests/stories`` of the
project, and nothing else. Its test stories land in ``tests/stories/reviewed``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from retraining import proposal_check, proposal_diff
from retraining.examples import ROOT
from retraining.proposal_folder import (
    COMES_FROM,
    FILE,
    FOLDER,
    MAY_CHANGE,
    OPEN,
    SUBMITTED,
    WITHDRAWN,
    ProposalError,
    copy_project,
    locked,
    may_change,
    read,
    write,
)
from retraining.proposal_items import Item, ItemError, Lineage, item_from_json, titled
from retraining.proposal_render import Files, render

if TYPE_CHECKING:
    from retraining.check_tree import Problem
    from retraining.proposal_diff import Diff


@dataclass
class Proposal:
    """A proposal as it was when it was loaded; each change loads it anew.

    ``edits`` are whole files by relative path. ``history`` says who did what, when.
    """

    folder: Path
    title: str
    author: str
    state: str = OPEN
    created_at: str = ""
    items: list[Item] = field(default_factory=list)
    edits: dict[str, str] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: str = ""  # the diff in words when it was submitted
    root: Path = ROOT

    @classmethod
    def create(cls, home: Path, title: str, author: str, *, root: Path = ROOT) -> Self:
        """A new, empty proposal below the home of the installation.

        Raises:
            ItemError: if the title can't be used.
        """
        titled(title)
        now = datetime.now(UTC)
        folder = home / FOLDER / f"{now:%Y%m%d}-{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        new = cls(folder, title.strip(), author, created_at=_say(now), root=root)
        new._note(author, "created")
        new._save()
        return new

    @classmethod
    def load(cls, folder: Path, *, root: Path = ROOT) -> Self:
        """The proposal of a folder.

        Raises:
            ProposalError: if there is none, or it can't be read.
        """
        values = read(folder)
        try:
            items = [item_from_json(each) for each in values.pop("items")]
            return cls(folder, items=items, root=root, **values)
        except (ValueError, TypeError, KeyError) as error:
            raise ProposalError(f"{folder / FILE}: can't be read ({error}).") from error

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    # --- What it changes -------------------------------------------------------------
    @cached_property
    def _files(self) -> Files:
        files = Files(self.root)
        for name, text in self.edits.items():
            files.change(name, text)
        render(files, self.items, self.id)
        return files

    @property
    def files(self) -> dict[str, str]:
        """Relative path and new text of each changed file, over the project of today.

        Raises:
            ItemError: if an example to be moved is not there any more.
        """
        return dict(sorted(self._files.changed.items()))

    @property
    def digest(self) -> str:
        """A hash of what it changes: the same digest, the same data."""
        content = json.dumps(self.files, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def lineage(self) -> list[Lineage]:
        """For each item, the conversation it came from and its file and line."""
        places = self._files.places
        return [
            Lineage(item, item.origin, *places.get(item.id, ("", 0)))
            for item in self.items
        ]

    def diff(self) -> Diff:
        """What it changes, in plain words and line by line, read from the files."""
        return proposal_diff.diff(self.root, self.files)

    def check(self, *, with_rasa: bool = False) -> list[Problem]:
        """What is wrong with the project because of it, errors first.

        Args:
            with_rasa: also let Rasa look for stories that contradict rules or each
                other; takes seconds, in a process of its own.
        """
        try:
            return proposal_check.check(self.root, self.files, with_rasa=with_rasa)
        except ItemError as error:
            return [proposal_check.problem_of(error)]

    def materialize(self, into: Path) -> None:
        """Writes the whole project, with its changes, into a new or empty folder.

        Raises:
            ProposalError: if the folder holds something.
        """
        copy_project(self.root, into)
        for name, text in self.files.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(text, encoding="utf-8")

    # --- Changing it; each one is whole or not at all ---------------------------------
    def add(self, items: Sequence[Item], actor: str) -> None:
        """Adds items.

        Raises:
            ItemError: if one can't be proposed.
            ProposalError: if it is not open any more.
        """
        for item in items:
            item.validate()
        with self._changing(actor, "added", OPEN):
            self.items += items

    def remove(self, ids: Sequence[str], actor: str, *, erased: bool = False) -> int:
        """Removes items; returns how many. An erasure reaches closed ones too.

        Raises:
            ProposalError: if it is not open any more.
        """
        states = (OPEN, SUBMITTED, WITHDRAWN) if erased else (OPEN,)
        with self._changing(actor, "erased" if erased else "removed", *states):
            before = len(self.items)
            self.items = [item for item in self.items if item.id not in ids]
            return before - len(self.items)

    def edit(self, name: str, text: str, actor: str) -> None:
        """Lays a whole file over the project's, for developers and their tools.

        Raises:
            ProposalError: for a file that a proposal may not change.
        """
        if not may_change(name):
            raise ProposalError(
                f"{name}: a proposal changes {', '.join(MAY_CHANGE)} only. Answers are "
                f"changed by clinicians, phrases and code by review."
            )
        with self._changing(actor, f"edited {name}", OPEN):
            self.edits[name] = text

    def move_to(self, state: str, actor: str, **why: Any) -> None:
        """Submits it, takes it back (open), withdraws it, or notes that it is live.

        Raises:
            ProposalError: if it can't go there from where it is.
        """
        with self._changing(actor, state, *COMES_FROM[state], **why):
            if state == SUBMITTED:
                self.summary = self.diff().words
            self.state = state

    @contextmanager
    def _changing(
        self, actor: str, what: str, *states: str, **why: Any
    ) -> Iterator[None]:
        with locked(self.folder):
            self.__dict__.update(vars(type(self).load(self.folder, root=self.root)))
            self.__dict__.pop("_files", None)
            if self.state not in states:
                raise ProposalError(
                    f"The proposal is {self.state}: it can't be {what} any more."
                )
            yield
            self.__dict__.pop("_files", None)
            self._note(actor, what, **why)
            self._save()

    def _note(self, actor: str, what: str, **why: Any) -> None:
        at = _say(datetime.now(UTC))
        self.history.append({"at": at, "actor": actor, "what": what, **why})

    def _save(self) -> None:
        values = {
            "title": self.title,
            "author": self.author,
            "state": self.state,
            "created_at": self.created_at,
            "items": [item.as_json() for item in self.items],
            "edits": self.edits,
            "history": self.history,
            "summary": self.summary,
        }
        write(self.folder, values)


def _say(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
