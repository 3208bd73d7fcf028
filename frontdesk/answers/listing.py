"""The list of all answers, and what can be seen of a text at a glance."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict

from clinic.answers import Answer
from clinic.facts import facts_of, fill
from frontdesk.answers import names
from frontdesk.answers.folder import mark_of, variant_names
from frontdesk.answers.models import AnswerRevision
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts

SOON = timedelta(days=30)
STATES = (
    ("", "All"),
    ("draft", "Drafts: approved by nobody yet"),
    ("approved", "Approved"),
    ("due", "Review due within 30 days, or overdue"),
    ("blocked", "Out of service"),
    ("proposed", "With a proposal that waits"),
)


@dataclass(frozen=True)
class Text:
    """One text of an answer, in a list."""

    answer: Answer
    variant: str
    when: str
    is_blocked: bool
    is_proposed: bool
    today: date

    @property
    def review_by(self) -> date | None:
        """The last day on which it may be used; None if the file says no day."""
        return day_of(self.answer.metadata.get("review_by"))

    @property
    def is_overdue(self) -> bool:
        """Whether that day has passed."""
        return self.review_by is None or self.review_by < self.today

    @property
    def is_due(self) -> bool:
        """Whether it has, or soon will."""
        return self.review_by is None or self.review_by <= self.today + SOON

    def is_in(self, state: str) -> bool:
        """Whether a filter would show it."""
        return {
            "draft": self.answer.is_draft,
            "approved": not self.answer.is_draft,
            "due": self.is_due,
            "blocked": self.is_blocked,
            "proposed": self.is_proposed,
        }.get(state, True)


@dataclass(frozen=True)
class Row:
    """One answer in the list, with those of its texts that were asked for."""

    name: str
    title: str
    texts: list[Text]
    total: int

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Words and look of what should be seen at a glance."""
        count = Counter(draft=sum(t.answer.is_draft for t in self.texts))
        count["approved"] = len(self.texts) - count["draft"]
        count["overdue"] = sum(t.is_overdue for t in self.texts)
        count["due soon"] = sum(t.is_due and not t.is_overdue for t in self.texts)
        count["out of service"] = sum(t.is_blocked for t in self.texts)
        count["proposed"] = sum(t.is_proposed for t in self.texts)
        look = {"overdue": "danger", "out of service": "danger", "approved": "good"}
        return [
            (what if n == self.total else f"{n} {what}", look.get(what, ""))
            for what, n in count.items()
            if n
        ]

    @property
    def review_by(self) -> date | None:
        """The first of the days of review."""
        return min((t.review_by for t in self.texts if t.review_by), default=None)


def groups(query: QueryDict) -> list[tuple[str, list[Row]]]:
    """The list, by part; only what has the words and the state that were asked for."""
    words, state = query.get("q", "").lower().split(), query.get("state", "")
    found: dict[str, list[Row]] = {key: [] for key, _ in names.GROUPS}
    rows = {(b.response, b.version) for b in BlockedAnswer.objects.all()}
    open_ones = AnswerRevision.objects.filter(state__in=AnswerRevision.OPEN)
    marks = set(open_ones.values_list("old_mark", flat=True))
    library = texts().library
    for name in library.names():
        answers = library.variations(name)
        title = names.title_of(answers[0])
        every = _texts_of(answers, rows, marks)
        kept = [t for t in every if t.is_in(state) and _has(words, title, t.answer)]
        if kept:
            row = Row(name, title, kept, len(every))
            found[names.group_of(answers[0])].append(row)
    return [
        (title, sorted(found[key], key=lambda row: row.title))
        for key, title in names.GROUPS
        if found[key]
    ]


def waiting() -> list[tuple[AnswerRevision, str]]:
    """Proposals that wait, with words for what they are about."""
    rows = AnswerRevision.objects.filter(state__in=AnswerRevision.OPEN)
    library, found = texts().library, []
    for row in rows.select_related("author").order_by("pk"):
        title = row.response
        if row.response in library:
            title = names.title_of(library.variations(row.response)[0])
        when = whens(row.response).get(row.variant, row.variant)
        found.append((row, f"{title}: said {when}"))
    return found


def whens(response: str) -> dict[str, str]:
    """When each text of an answer is said, by its name in addresses."""
    if response not in texts().library:
        return {}
    answers = texts().library.variations(response)
    return dict(zip(variant_names(answers), names.whens_of(answers), strict=True))


def as_patients_read(text: str) -> list[str]:
    """The bubbles, with the clinic's facts; as written where that can't be done."""
    facts = facts_of(texts().clinic, texts().now())
    plain = set(re.findall(r"\{[^{}]*\}", text)) <= {f"{{{name}}}" for name in facts}
    try:
        filled = fill(text, facts) if plain else text
    except (KeyError, ValueError, IndexError):
        filled = text
    return [part.strip() for part in re.split(r"\n\s*\n", filled) if part.strip()]


def day_of(value: Any) -> date | None:
    """A day of the metadata; None if it is none."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _texts_of(
    answers: list[Answer], rows: set[tuple[str, str]], marks: set[str]
) -> list[Text]:
    today = texts().today()
    named = zip(answers, variant_names(answers), names.whens_of(answers), strict=True)
    return [
        Text(
            answer,
            variant,
            when,
            bool({(answer.name, ""), (answer.name, answer.version)} & rows),
            mark_of(answer) in marks,
            today,
        )
        for answer, variant, when in named
    ]


def _has(words: list[str], title: str, answer: Answer) -> bool:
    conditions = " ".join(answer.conditions.values())
    parts = (title, answer.name, conditions, *as_patients_read(answer.text))
    said = " ".join(parts).lower()
    return all(word in said for word in words)
