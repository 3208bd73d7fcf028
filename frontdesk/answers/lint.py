"""What is wrong with a text, by the house checks, and how hard it is to read.

The same functions as ``make check``; what they find gets the line it stands in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from string import Formatter

from django.conf import settings

from clinic.answers import Answer
from clinic.topics import URGENT_ROUTES
from retraining.check_answers import HIGHEST_GRADE, PHONE, AnswerRules, is_spanish
from retraining.check_approval import check_entry
from retraining.check_tree import Entry, Problem, Tree
from retraining.readability import reading_grade

AIM_GRADE = 6.0
MOST_CHARACTERS = 4000
# Neither letters nor spaces: they can't be seen, and may turn a text around.
UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where: a line of the text, or all of it."""

    what: str
    do: str
    line: int | None = None
    is_error: bool = True

    @property
    def where(self) -> str:
        """For people."""
        return f"Line {self.line}" if self.line else "The whole text"


@dataclass(frozen=True)
class Grade:
    """The US school grade that a text asks of its readers."""

    value: float

    @property
    def words(self) -> str:
        """What that means."""
        if self.value > HIGHEST_GRADE:
            return f"too hard: at most {HIGHEST_GRADE:.0f}"
        if self.value > AIM_GRADE:
            return f"allowed; {AIM_GRADE:.0f} is the aim"
        return "easy to read"


def tidy(text: str) -> str:
    """A text as it is kept: no spaces at the end of lines, one empty line at most."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def grade_of(answer: Answer) -> Grade | None:
    """The worse of the grades with and without drug names; None if not English."""
    if is_spanish(answer.name):
        return None
    both = (reading_grade(answer.text, drug_names=each) for each in (True, False))
    return Grade(max(*both, 0.0))


def findings(answer: Answer, *, today: date, before: str = "") -> list[Finding]:
    """All that the house checks find in a text, errors first.

    Args:
        answer: the text as it would be.
        today: the day at the clinic.
        before: the words it takes the place of; a crisis text keeps their numbers.
    """
    found = list(_form(answer.text))
    if not found:
        entry = Entry(answer, "")
        rules = _rules(_stamp(), today)
        problems = {*rules.check(entry), *check_entry(entry, today)}
        found = [_of_problem(problem, answer.text) for problem in sorted(problems)]
        found += _numbers_kept(answer, before)
    return sorted(found, key=lambda each: (not each.is_error, each.line or 0))


def _form(text: str) -> Iterator[Finding]:
    """What no check further on could cope with."""
    if not text:
        yield Finding("There is no text.", "Write one.")
    if len(text) > MOST_CHARACTERS:
        what = f"The text has {len(text)} characters, at most {MOST_CHARACTERS}."
        yield Finding(what, "Shorten it.")
    for number, line in enumerate(text.split("\n"), start=1):
        unseen = [c for c in line if unicodedata.category(c) in UNSEEN]
        if unseen:
            what = f"A character that can't be seen ({ord(unseen[0]):#06x})."
            yield Finding(what, "Delete it and write the word anew.", number)
    yield from _braces(text)


def _braces(text: str) -> Iterator[Finding]:
    try:
        fields = [each for each in Formatter().parse(text) if each[1] is not None]
    except ValueError:
        line = next((n for n, s in enumerate(text.split("\n"), 1) if _is_open(s)), None)
        yield Finding("A brace opens or closes nothing.", "Close { by }.", line)
        return
    for _, name, form, conversion in fields:
        if form or conversion or not re.fullmatch("[a-z_]+", name or ""):
            line = _line_of(f"{{{name}", text)
            what = f"{{{name}}} is no clinic fact."
            yield Finding(what, "Only letters between braces, such as {phone}.", line)


def _is_open(line: str) -> bool:
    return line.count("{") != line.count("}")


def _of_problem(problem: Problem, text: str) -> Finding:
    line = _line_of(problem.found, text) if problem.found else None
    what = f"{problem.what[:1].upper()}{problem.what[1:]}".rstrip(".")
    return Finding(f"{what}.", problem.do, line, problem.severity == "error")


def _line_of(words: str, text: str) -> int | None:
    at = text.find(words)
    return text[:at].count("\n") + 1 if at >= 0 else None


def _numbers_kept(answer: Answer, before: str) -> Iterator[Finding]:
    """A text for somebody in danger never loses a number (docs/content.md)."""
    if answer.metadata.get("route") not in URGENT_ROUTES:
        return
    for number in sorted(set(PHONE.findall(before)) - set(PHONE.findall(answer.text))):
        yield Finding(
            f"The number {number} was in the text and is gone.",
            "A text for somebody in danger keeps every number. Put it back.",
        )


def _stamp() -> tuple[int, ...]:
    """Changes when one of the files that hold the rules does."""
    files = (settings.ROOT / "knowledge").glob("*.yml")
    return tuple(file.stat().st_mtime_ns for file in sorted(files))


@lru_cache(1)
def _rules(stamp: tuple[int, ...], today: date) -> AnswerRules:
    return AnswerRules(Tree(settings.ROOT, today))
