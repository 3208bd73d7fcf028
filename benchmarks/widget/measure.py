"""Measures one widget: its files, what it tells, keeps, contacts and loses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.training import BenchmarkError
from benchmarks.widget.backend import Backend, reply_to
from benchmarks.widget.lost_messages import measure_outage
from benchmarks.widget.outage import Line
from benchmarks.widget.visit import Visit
from benchmarks.widget.widgets import STRICT_POLICY, Widget

QUESTIONS = (
    "where can i park",
    "do you have a waiting room",
    "is there a bus to the clinic",
    "which floor are you on",
    "do you have a website",
)
UNDER_WAY = 3  # patients whose reply is on its way when the server goes
# Long enough for a second announcement, or a late look.
AFTER_MS = 3_000


class Measure:
    """One widget on its line, in one browser."""

    def __init__(
        self,
        browser: Browser,
        widget: Widget,
        line: Line,
        backend: Backend,
        bundle: dict[str, tuple[str, str]],
        pictures: Path,
    ) -> None:
        self._browser = browser
        self._widget = widget
        self._line = line
        self._backend = backend
        self._bundle = bundle
        self._pictures = pictures

    def run(self, patients: int, say: Callable[[str], None]) -> dict[str, Any]:
        """Everything that is known of the widget afterwards.

        Args:
            patients: how many write while the server is gone.
            say: hears what is being done.

        Raises:
            BenchmarkError: if the widget does not work on its page.
        """
        say("a conversation")
        found = self._conversation()
        say("axe")
        found["axe"] = self._axe()
        say("strict policy")
        found["policy"] = self._policy(found.pop("look"))
        say("outage")
        found |= self._outage(patients)
        if self._widget.other_option is not None:
            say("outage, with another option")
            other = self._outage(patients, self._widget.other_option)
            found["other"] = {"option": self._widget.other_option, **other}
        return found

    def _visit(self, policy: str = "", options: dict[str, Any] | None = None) -> Visit:
        files = self._widget.files(self._backend.greeting, options) | self._bundle
        return Visit(self._browser, self._widget, self._line.port, files, policy=policy)

    def _outage(
        self, patients: int, options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        visits = [self._visit(options=options) for _ in range(patients + UNDER_WAY)]
        try:
            for visit in visits:
                visit.open()
            for visit in visits:
                visit.wait_until_usable(self._backend.greeting)
            return measure_outage(visits, UNDER_WAY, self._line, self._backend)
        finally:
            for visit in visits:
                visit.close()

    def _picture(self, visit: Visit, name: str) -> None:
        visit.picture(self._pictures / f"{self._widget.key}-{name}.png")

    def _conversation(self) -> dict[str, Any]:
        """Files, requests, announcements, hosts and storage of one conversation."""
        visit = self._visit()
        visit.begin(self._backend.greeting)
        files, calls = visit.loaded(), visit.calls()
        for question in QUESTIONS:
            if not visit.ask(question, reply_to(question)):
                raise BenchmarkError(
                    f"{self._widget.title} shows no reply to {question!r}; errors of "
                    f"the page: {visit.errors}"
                )
        visit.page.wait_for_timeout(AFTER_MS)
        announced = visit.announced()
        self._picture(visit, "conversation")
        kept = visit.storage()
        found = {
            "files": files,
            "requests": calls,
            "replies": len(QUESTIONS),
            "announced": [
                sum(reply_to(question) in said for said in announced)
                for question in QUESTIONS
            ],
            "hosts": sorted(visit.hosts),
            "storage": {where: sorted(names) for where, names in kept.items()},
            "words_kept": sum(question in str(kept) for question in QUESTIONS),
            "page_errors": visit.errors,
            "look": visit.look(),
        }
        visit.close()
        return found

    def _axe(self) -> dict[str, Any]:
        """What axe finds in each state; None for a state that the widget has not."""
        visit = self._visit()
        first = visit.page.locator((*self._widget.begin, self._widget.parts.field)[0])
        first.first.wait_for()
        found: dict[str, Any] = {
            "closed": visit.axe() if self._widget.closes else None,
        }
        visit.begin(self._backend.greeting)
        found["open"] = visit.axe()
        for question in QUESTIONS[:2]:
            visit.ask(question, reply_to(question))
        found["after a conversation"] = visit.axe()
        self._line.cut()
        visit.page.wait_for_timeout(1_000)
        visit.write("is anybody there")
        visit.page.wait_for_timeout(1_000)
        # Of a widget that has gone there is nothing to say.
        gone = visit.trouble() == "gone"
        found["during an outage"] = None if gone else visit.axe()
        self._picture(visit, "outage")
        self._line.mend()
        visit.close()
        return found

    def _policy(self, usual: list[Any]) -> dict[str, Any]:
        """What a strict policy refuses, and what is left of the widget then."""
        visit = self._visit(STRICT_POLICY)
        works = looks_the_same = False
        try:
            visit.begin(self._backend.greeting)
            asked = [visit.ask(text, reply_to(text)) for text in QUESTIONS]
            works = all(asked)
            visit.page.wait_for_timeout(AFTER_MS)
            looks_the_same = works and visit.look() == usual
        except BenchmarkError as error:
            visit.errors.append(str(error))
        self._picture(visit, "strict-policy")
        found = {
            "violations": visit.violations(),
            "works": works,
            "looks_the_same": looks_the_same,
            "page_errors": visit.errors,
        }
        visit.close()
        return found
