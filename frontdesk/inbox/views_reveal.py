"""Shows, once and for a reason, what redaction took out or what lies encrypted."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from frontdesk.audit.ledger import record
from frontdesk.chat import crypto
from frontdesk.chat.models import Original
from frontdesk.inbox.conversations import kept_for, message_for
from frontdesk.inbox.views_conversation import frame_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from safety.redactor import redact

FEWEST, MOST = 5, 200
LABELS = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "best_time": "Best time",
}
NOT_READABLE = (
    "It can't be opened: its key is not among the keys of this installation any more."
)


@require_POST
@never_cache
@needs(Permission.REVEAL)
def original(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    """A patient's own words; the ledger gets the reason, never the words."""
    message = message_for(person(request), conversation_id, number)
    kept = get_object_or_404(Original, message=message)
    reason = _reason(request)
    context = {**frame_of(message.conversation), "number": number, "reason": reason}
    if not FEWEST <= len(reason) <= MOST:
        return _asked_again(request, context)
    with transaction.atomic():
        subject = f"conversation {conversation_id}"
        record(person(request), "reveal", subject, message=number, reason=reason)
        shown = _opened(kept.ciphertext)
    context |= {"words": shown, "error": "" if shown else NOT_READABLE}
    return render(request, "inbox/conversation_revealed.html", context)


@require_POST
@never_cache
@needs(Permission.REVEAL)
def contact(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Name and number that the patient left for a call back."""
    found = kept_for(person(request), conversation_id)
    kept = get_object_or_404(found.contacts)
    reason = _reason(request)
    context = {**frame_of(found), "number": "contact", "reason": reason}
    if not FEWEST <= len(reason) <= MOST:
        return _asked_again(request, context)
    with transaction.atomic():
        subject = f"conversation {conversation_id}"
        record(person(request), "reveal contact", subject, reason=reason)
        shown = _opened(kept.ciphertext)
    context |= {"details": _details(shown), "error": "" if shown else NOT_READABLE}
    return render(request, "inbox/conversation_revealed.html", context)


def _reason(request: HttpRequest) -> str:
    """Why, without what somebody may have copied from the message."""
    return redact(" ".join(request.POST.get("reason", "").split())).text


def _asked_again(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    error = f"Say why you need to see it, in {FEWEST} to {MOST} characters."
    context |= {"error": error, "is_form": True}
    return render(request, "inbox/conversation_revealed.html", context)


def _opened(ciphertext: bytes | memoryview) -> str:
    try:
        return crypto.decrypt(ciphertext)
    except crypto.NotReadableError:
        return ""


def _details(content: str) -> list[tuple[str, str]]:
    kept: dict[str, str] = json.loads(content) if content else {}
    return [(LABELS.get(name, name), value) for name, value in kept.items() if value]
