"""A copy of a conversation, and its erasure, when somebody asked for it."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.chat import database, erasure, patients_copy, statements
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.inbox import privacy
from frontdesk.inbox.conversations import conversation_for, kept_for, record_reading
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission


@require_safe
@never_cache
@needs(Permission.ERASE)
def overview(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What is kept of a conversation, and the two forms."""
    found = conversation_for(person(request), conversation_id)
    record_reading(person(request), found)
    return render(request, "inbox/privacy.html", privacy.about(found))


@require_POST
@never_cache
@needs(Permission.ERASE)
def export(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The patient's own copy, as a file."""
    found = kept_for(person(request), conversation_id)
    try:
        asked = privacy.asked_by(request.POST.get("asked", ""))
    except privacy.NotAskedError as error:
        return _told(request, conversation_id, error)
    with transaction.atomic():
        privacy.record_export(person(request), found, asked)
        about = patients_copy.about(found)
        first = statements.after(found.pk, 0)
    pieces = patients_copy.pieces(found.pk, about, first)
    answer = StreamingHttpResponse(pieces, content_type="application/json")
    name = f"chat-{privacy.short_id(found.pk)}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
@never_cache
@needs(Permission.ERASE)
async def erase(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Erases it for good; an open alert stays until it is resolved."""
    who = await sync_to_async(person)(request)
    await sync_to_async(kept_for)(who, conversation_id)
    try:
        asked = privacy.asked_by(request.POST.get("asked", ""))
        privacy.check_typed(conversation_id, request.POST.get("typed", ""))
        stays = await database.write(privacy.erase, conversation_id, who, asked)
    except privacy.NotAskedError as error:
        return await sync_to_async(_told)(request, conversation_id, error)
    await publish(conversation_id, {"state": "closed"})
    await publish_queue()
    await erasure.forget_now(conversation_id)
    await database.read(database.empty_journal)
    rest = " An open alert stays until it is resolved." if stays else ""
    await sync_to_async(messages.success)(request, f"The conversation is erased.{rest}")
    return redirect("inbox:privacy", conversation_id)


def _told(
    request: HttpRequest, conversation_id: UUID, error: Exception
) -> HttpResponse:
    messages.error(request, str(error))
    return redirect("inbox:privacy", conversation_id)
