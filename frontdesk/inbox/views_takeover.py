"""A person of the clinic joins a conversation, writes to the patient, and leaves."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from frontdesk.chat import takeover
from frontdesk.chat.models import Conversation, Matter
from frontdesk.inbox.conversations import kept_for
from frontdesk.inbox.talk import talk_of
from frontdesk.inbox.views_conversation import frame_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission

find = sync_to_async(kept_for)


@require_POST
@needs(Permission.ANSWER)
async def join(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The patient sees the person's name; the assistant is silent from now on."""
    found = await find(person(request), conversation_id)
    try:
        await takeover.join(found.pk, person(request))
    except takeover.TakeoverError as error:
        return await _talk(request, found, error=str(error))
    return await _talk(request, found)


@require_POST
@needs(Permission.ANSWER)
async def say(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Sends what was written; it stays in its field if that can't be done."""
    found = await find(person(request), conversation_id)
    text = request.POST.get("text", "")
    client_id = request.POST.get("client_id", "")[:100]
    try:
        await takeover.say(found.pk, person(request), text, client_id=client_id or None)
    except takeover.TakeoverError as error:
        return await _talk(request, found, error=str(error), text=text)
    return await _talk(request, found)


@require_POST
@needs(Permission.ANSWER)
async def leave(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Hands back to the assistant, and closes the matters if an outcome is given."""
    found = await find(person(request), conversation_id)
    outcome = request.POST.get("outcome", "")
    if outcome not in Matter.Outcome.values:
        outcome = ""
    await takeover.leave(found.pk, person(request), outcome)
    return await _talk(request, found)


@require_POST
@needs(Permission.ANSWER)
async def typing(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The person types, or says that they are still there."""
    found = await find(person(request), conversation_id)
    try:
        await takeover.typing(found.pk, person(request))
    except takeover.NotThereError as error:
        return await _talk(request, found, error=str(error))
    answer = HttpResponse(status=204)
    if request.POST.get("still"):
        answer["HX-Trigger"] = "conversation-changed"
    return answer


@require_POST
@needs(Permission.ANSWER)
async def here(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The page is still open; without this a takeover ends."""
    found = await find(person(request), conversation_id)
    await takeover.is_here(found.pk, person(request))
    return HttpResponse(status=204)


async def _talk(
    request: HttpRequest, found: Conversation, *, error: str = "", text: str = ""
) -> HttpResponse:
    """The part of the page with the form, as it is after the deed."""
    if not request.htmx and not error:
        return redirect("inbox:conversation", found.pk)
    answer: HttpResponse = await sync_to_async(_rendered)(
        request, found.pk, error=error, text=text
    )
    answer["HX-Trigger"] = "conversation-changed"
    return answer


def _rendered(
    request: HttpRequest, conversation_id: UUID, *, error: str, text: str
) -> HttpResponse:
    found = kept_for(person(request), conversation_id)
    talk = talk_of(found, person(request), error=error, text=text)
    context = {**frame_of(found), "talk": talk}
    return render(request, "inbox/conversation_talk.html", context)
