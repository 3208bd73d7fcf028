"""Who was shown a text between two days: from the message log, without a word of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django import forms
from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from frontdesk.answers.models import AnswerRevision
from frontdesk.chat.models import Message
from frontdesk.chat.texts import texts
from frontdesk.inbox.filters import start_of
from frontdesk.staff.dates import day_words

ON_A_PAGE = 100
MOST_EXPORTED = 50_000
COLUMNS = ("conversation", "first shown", "last shown", "times", "address")
ANY = ""


@dataclass(frozen=True)
class Shown:
    """One conversation in which it was said."""

    conversation_id: UUID
    first: datetime
    last: datetime
    times: int


class Question(forms.Form):
    """Which text, between which days; both days count."""

    version = forms.CharField(required=False, max_length=20)
    first = forms.DateField(
        required=False,
        label="From",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        required=False,
        label="To",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, label_suffix="", **kwargs)

    def clean(self) -> dict[str, object]:
        """(see parent class for full docstring)."""
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and first > last:
            raise forms.ValidationError("The first day is after the last one.")
        return given


def find(
    response: str, version: str, first: date | None, last: date | None
) -> QuerySet:
    """The conversations, the newest first.

    Args:
        response: an answer.
        version: of its text; empty for any.
        first: the first day, in the clinic's time zone.
        last: the last day.
    """
    said = Q(response=response, author=Message.Author.BOT)
    if version:
        said &= Q(version=version)
    if first:
        said &= Q(sent_at__gte=start_of(first))
    if last:
        said &= Q(sent_at__lt=start_of(last + timedelta(days=1)))
    found = Message.objects.filter(said, conversation__erased_at=None)
    return (
        found.values("conversation_id")
        .annotate(
            first=Min("sent_at"),
            last=Max("sent_at"),
            times=Count("answers", distinct=True),
        )
        .order_by("-last", "conversation_id")
    )


def page_of(found: QuerySet, number: int) -> tuple[list[Shown], bool]:
    """Some of them, and whether there are more."""
    start = (number - 1) * ON_A_PAGE
    rows = [_shown(row) for row in found[start : start + ON_A_PAGE + 1]]
    return rows[:ON_A_PAGE], len(rows) > ON_A_PAGE


def export(found: QuerySet, address: Callable[[UUID], str]) -> tuple[str, int]:
    """The list as a file for a spreadsheet, and how many it has."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for row in map(_shown, found[:MOST_EXPORTED]):
        count += 1
        link = address(row.conversation_id)
        times = (_local(row.first), _local(row.last), row.times)
        writer.writerow((row.conversation_id, *times, link))
    return out.getvalue(), count


def known_versions(response: str) -> list[tuple[str, str]]:
    """The versions that can be asked for, with words for each; the newest first."""
    words: dict[str, str] = {}
    library = texts().library
    for answer in library.variations(response) if response in library else []:
        words[answer.version] = "said now"
    edits = AnswerRevision.objects.filter(
        response=response,
        kind=AnswerRevision.Kind.EDIT,
        state=AnswerRevision.State.APPROVED,
    )
    for each in edits.order_by("-decided_at"):
        when = timezone.localtime(each.decided_at, settings.CLINIC.time_zone)
        words.setdefault(each.old_version, f"until {day_words(when)}")
        words.setdefault(each.new_version, f"from {day_words(when)}")
    return list(words.items())


def _shown(row: dict[str, object]) -> Shown:
    values = {**row, "times": max(int(str(row["times"])), 1)}
    return Shown(**values)  # type: ignore[arg-type]


def _local(at: datetime) -> str:
    return at.astimezone(settings.CLINIC.time_zone).strftime("%Y-%m-%d %H:%M")
