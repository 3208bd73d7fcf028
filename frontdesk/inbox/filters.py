"""What conversations can be narrowed down by: a form whose fields are the address.

An address can be kept, sent to somebody else and saved as a view.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from clinic.topics import INTENT_PREFIX, ROUTES
from frontdesk.inbox import filters_staff, labels
from frontdesk.inbox.filters_staff import StaffFields
from frontdesk.inbox.models import Flag, Review, Tag
from frontdesk.inbox.search_index import having
from frontdesk.inbox.search_models import Digest, Turn
from frontdesk.inbox.search_words import Term, terms_of

LONGEST_QUERY = 500
UNREVIEWED = ~Q(Exists(Review.objects.filter(conversation=OuterRef("conversation_id"))))


TOPICS = [
    (labels.route(route), [(topic, labels.topic(topic)) for topic in topics])
    for route, (_, topics) in INTENT_PREFIX.items()
]


def _choice(label: str, choices: Any, any_label: str = "any") -> forms.ChoiceField:
    choices = [("", any_label), *choices]
    return forms.ChoiceField(label=label, choices=choices, required=False)


def _text(name: str, *, longest: int = 100, label: str = "") -> forms.CharField:
    """A name typed in; the page offers those that occur."""
    attributes = {"list": f"known-{name}", "autocomplete": "off"}
    widget = forms.TextInput(attrs=attributes)
    return forms.CharField(
        label=label or name.capitalize(),
        max_length=longest,
        required=False,
        widget=widget,
    )


def _day(label: str) -> forms.DateField:
    # As far as a date can be turned into a time of any zone.
    field = forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    field.validators.append(_is_of_this_age)
    return field


def _is_of_this_age(day: date) -> None:
    if not 2000 <= day.year <= 2999:
        raise forms.ValidationError("Write a year from 2000 on.")


def _share(label: str) -> forms.FloatField:
    attributes = {"min": 0, "max": 1, "step": "any"}
    return forms.FloatField(
        label=label,
        min_value=0,
        max_value=1,
        required=False,
        widget=forms.NumberInput(attrs=attributes),
    )


def _tick(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False)


class Filters(StaffFields):
    """The fields of the search; empty means anything."""

    use_required_attribute = False
    field_order = ("q", "said", "since", "until", "route", "topic", "intent")

    q = forms.CharField(
        label="Words",
        max_length=LONGEST_QUERY,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "aria-describedby": "how"}),
    )
    said = _choice("Said by", [("patient", "the patient")], "anybody")
    since = _day("From")
    until = _day("To")
    route = _choice("Kind of question", [(name, labels.route(name)) for name in ROUTES])
    topic = _choice("Topic", TOPICS)
    intent = _text("intent", label="Intent (for developers)")
    least = _share("How sure it was: from (0 to 1)")
    most = _share("How sure it was: to")
    model = _text("model", label="Model (for developers)")
    page = _text("page", longest=300)
    tag = _text("tag", longest=40)
    review = _choice("Review", [("no", "not reviewed"), ("yes", "reviewed")])
    verdict = _choice("Verdict", Review.Verdict.choices)
    outcome = _choice("Outcome", filters_staff.OUTCOMES)
    thumb = _choice("Thumbs", [("up", "up"), ("down", "down")])
    handed_off = _tick("Handed to staff")
    unanswered = _tick("Waits for an answer")
    not_understood = _tick("Not understood")
    after_urgent = _tick("Crisis or emergency")
    flagged = _tick("Flagged message")

    FACTS: ClassVar = ("handed_off", "unanswered", "not_understood", "after_urgent")
    OF_TURN: ClassVar = ("route", "topic", "intent", "model")

    def __init__(self, asked: QueryDict | dict[str, str]) -> None:
        """Takes the query of an address."""
        super().__init__(asked, label_suffix="")

    def clean(self) -> dict[str, Any]:
        """(see parent class for full docstring)."""
        values = super().clean()
        for low, high in (("since", "until"), ("least", "most")):
            first, last = values.get(low), values.get(high)
            if first is not None and last is not None and first > last:
                self.add_error(high, "This is before the beginning.")
        return values

    @cached_property
    def values(self) -> dict[str, Any]:
        """What was asked for, without what was left empty."""
        if not self.is_valid():
            return {}
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in (None, "") and value is not False  # 0.0 is a number
        }

    @cached_property
    def terms(self) -> list[Term]:
        """The words that are searched for."""
        return terms_of(self.values.get("q", ""))

    @property
    def says_nothing(self) -> bool:
        """Whether something was typed in which there is no word."""
        return "q" in self.values and not self.terms

    def query(self, **more: Any) -> str:
        """The same as the query of an address."""
        values = {
            name: "on" if value is True else value
            for name, value in (self.values | more).items()
        }
        return urlencode({k: v for k, v in values.items() if v not in (None, "")})

    def narrow(self, digests: QuerySet[Digest]) -> QuerySet[Digest]:
        """Those that all of it is true of; none if it is not valid."""
        if not self.is_valid() or self.says_nothing:
            return digests.none()
        for condition in self._conditions():
            digests = digests.filter(condition)
        return digests

    def _conditions(self) -> list[Q]:
        values = self.values
        found = [Q(**{name: True}) for name in self.FACTS if name in values]
        if self.terms:
            found.append(having(self.terms, by_patient="said" in values))
        if "thumb" in values:
            found.append(Q(**{f"thumbs_{values['thumb']}": True}))
        if "page" in values:
            found.append(_page(values["page"]))
        found += filters_staff.conditions(values)
        return [*found, *_of_days(values), *_of_turn(values), *_of_staff(values)]


def _page(page: str) -> Q:
    begun = page.removesuffix("*")
    return Q(page__startswith=begun) if begun != page else Q(page=page)


def _of_days(values: dict[str, Any]) -> list[Q]:
    """Conversations that began, or were going on, between two days of the clinic."""
    found = []
    if "since" in values:
        end = "started_at" if "began" in values else "last_at"
        found.append(Q(**{f"{end}__gte": start_of(values["since"])}))
    if "until" in values:
        found.append(Q(started_at__lt=start_of(values["until"] + timedelta(days=1))))
    return found


def start_of(day: date) -> datetime:
    """When a day begins at the clinic."""
    return datetime.combine(day, time.min, tzinfo=settings.CLINIC.time_zone)


def _of_turn(values: dict[str, Any]) -> list[Q]:
    """All of these are asked of one and the same reply."""
    wanted = {name: values[name] for name in Filters.OF_TURN if name in values}
    if "least" in values:
        wanted["confidence__gte"] = values["least"]
    if "most" in values:
        wanted["confidence__lte"] = values["most"]
    if not wanted:
        return []
    return [Q(pk__in=Turn.objects.filter(**wanted).values("digest_id"))]


def _of_staff(values: dict[str, Any]) -> list[Q]:
    """What staff have written on it; read as it stands at this moment."""
    found = []
    reviews = Review.objects.all()
    if "verdict" in values:
        reviews = reviews.filter(verdict=values["verdict"])
    if "verdict" in values or values.get("review") == "yes":
        found.append(Q(conversation_id__in=reviews.values("conversation_id")))
    if values.get("review") == "no":
        found.append(UNREVIEWED)
    if "tag" in values:
        tagged = Tag.conversations.through.objects.filter(tag__name=values["tag"])
        found.append(Q(conversation_id__in=tagged.values("conversation_id")))
    if "flagged" in values:
        flagged = Flag.objects.values("message__conversation_id")
        found.append(Q(conversation_id__in=flagged))
    if "outcome" in values:
        found.append(filters_staff.with_outcome(values["outcome"]))
    return found
