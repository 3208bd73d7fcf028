"""Comparisons: in plain words, with what patients wrote, and the whole report."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from frontdesk.audit.ledger import record
from frontdesk.chat.models import Message
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import comparison_view as view
from frontdesk.training.model_view import Names
from frontdesk.training.trainings import here
from retraining import comparison as kept
from retraining.comparison import Comparison, ComparisonError

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
GONE = "(deleted since)"


@require_safe
@never_cache
@needs(Permission.TRAIN)
def comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """What would change, for which messages, for which routes and topics."""
    found = _find(comparison_id)
    names = Names()
    texts = kept.texts_of_changes(here(), found.id)
    context = {
        "comparison": found,
        "new": names.of(found.candidate),
        "live": names.of(found.live),
        "facts": view.facts(found),
        "missed": view.missed(found),
        "changed": view.changed(found, texts),
        "figures": view.figures(found),
        "most": view.MOST_SHOWN,
    }
    return render(request, "training/comparison.html", context)


@require_safe
@never_cache
@needs(Permission.TRAIN)
def replay(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Messages of patients that the new model would answer otherwise."""
    found = _find(comparison_id)
    rows = _replayed(found)
    read = sorted({str(row["conversation"]) for row in rows if row["link"]})
    if read:
        subject = f"comparison {found.id}"
        record(person(request), "read replay", subject, conversations=read)
    context = {"comparison": found, "rows": rows, "new": Names().of(found.candidate)}
    return render(request, "training/replay.html", context)


@require_safe
@never_cache
@needs(Permission.TRAIN)
def report(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """The whole report as it was written: one page that needs nothing else."""
    file = here().comparisons / _find(comparison_id).id / kept.PAGE
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Http404 from error
    return csp_override(_policy(text))(_page)(request, text)


def _page(request: HttpRequest, text: str) -> HttpResponse:
    return HttpResponse(text)


def _policy(text: str) -> dict[str, Any]:
    """Nothing but the page's own style, named by its hash."""
    hashes = []
    for style in STYLE.findall(text):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        hashes.append(f"'sha256-{digest}'")
    return {
        "default-src": ["'none'"],
        "style-src": hashes or ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def _find(comparison_id: str) -> Comparison:
    try:
        return kept.load(here(), comparison_id)
    except ComparisonError as error:
        raise Http404 from error


def _replayed(found: Comparison) -> list[dict[str, Any]]:
    """The texts come from the database: what was erased is gone here too."""
    changes = found.replay.get("changes", [])
    places = [_place(change) for change in changes]
    ids = {place[0] for place in places if place}
    said = {
        (message.conversation_id, message.number): message.text
        for message in Message.objects.filter(
            conversation__in=ids,
            author=Message.Author.PATIENT,
            conversation__erased_at=None,
        ).only("conversation_id", "number", "text")
    }
    return [
        {
            "text": said.get(place, GONE) if place else change["text"] or GONE,
            "link": place is not None and place in said,
            "conversation": place[0] if place else "",
            "number": place[1] if place else "",
            "was": view.reply(change["was"]),
            "now": view.reply(change["now"]),
        }
        for change, place in zip(changes, places, strict=True)
    ]


def _place(change: dict[str, Any]) -> tuple[UUID, int] | None:
    try:
        return UUID(str(change["conversation"])), int(change["number"])
    except (KeyError, ValueError, TypeError):
        return None
