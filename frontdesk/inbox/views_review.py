"""What staff write on a conversation: notes, tags, flags, the verdict of a review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from frontdesk.audit.ledger import record
from frontdesk.chat.models import Conversation
from frontdesk.inbox.conversations import kept_for, message_for
from frontdesk.inbox.models import Flag, Note, Review, Tag
from frontdesk.inbox.review_queue import is_in_sample
from frontdesk.inbox.transcript import lines_of
from frontdesk.inbox.views_conversation import annotations_of, frame_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission

MOST_NOTE = 4000
MOST_TAGS = 20


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def add_note(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A private note, as it was written."""
    found = kept_for(person(request), conversation_id)
    text = request.POST.get("text", "").strip()
    if not text or len(text) > MOST_NOTE:
        why = f"A note has 1 to {MOST_NOTE} characters."
        return _part(request, found, "notes", error=why, text=text)
    note = Note.objects.create(conversation=found, author=person(request), text=text)
    record(person(request), "note", f"conversation {found.pk}", note=note.pk)
    return _part(request, found, "notes")


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def delete_note(
    request: HttpRequest, conversation_id: UUID, note_id: int
) -> HttpResponse:
    """Takes back one's own note."""
    found = kept_for(person(request), conversation_id)
    note = get_object_or_404(found.notes, pk=note_id, author=person(request))
    record(person(request), "delete note", f"conversation {found.pk}", note=note.pk)
    note.delete()
    return _part(request, found, "notes")


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def add_tag(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A word to sort by; one that nobody has used yet is made."""
    found = kept_for(person(request), conversation_id)
    name = " ".join(request.POST.get("name", "").lower().split())
    longest = Tag._meta.get_field("name").max_length
    if not name or len(name) > (longest or 0):
        why = f"A tag has 1 to {longest} characters."
        return _part(request, found, "tags", error=why)
    if found.tags.count() >= MOST_TAGS:
        return _part(request, found, "tags", error=f"{MOST_TAGS} tags are enough.")
    tag, _ = Tag.objects.get_or_create(name=name)
    found.tags.add(tag)
    record(person(request), "tag", f"conversation {found.pk}", tag=name)
    return _part(request, found, "tags")


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def remove_tag(
    request: HttpRequest, conversation_id: UUID, tag_id: int
) -> HttpResponse:
    """Takes a tag off."""
    found = kept_for(person(request), conversation_id)
    tag = get_object_or_404(found.tags, pk=tag_id)
    found.tags.remove(tag)
    record(person(request), "untag", f"conversation {found.pk}", tag=tag.name)
    return _part(request, found, "tags")


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def flag(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    """Marks a message with a reason, or takes the mark off."""
    message = message_for(person(request), conversation_id, number)
    subject = f"conversation {conversation_id}"
    if request.POST.get("off"):
        Flag.objects.filter(message=message).delete()
        record(person(request), "unflag", subject, message=number)
        return _line(request, message.conversation, number)
    reason = request.POST.get("reason", "").strip()
    if not reason or len(reason) > 200:
        why = "Say in 1 to 200 characters why it should be looked at."
        return _line(request, message.conversation, number, flag_error=why)
    values = {"person": person(request), "reason": reason, "created_at": timezone.now()}
    Flag.objects.update_or_create(message=message, defaults=values)
    record(person(request), "flag", subject, message=number)
    return _line(request, message.conversation, number)


@require_POST
@needs(Permission.REVIEW)
@transaction.atomic
def review(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Marks the conversation as reviewed; the newest verdict counts."""
    found = kept_for(person(request), conversation_id)
    verdict = request.POST.get("verdict", "")
    if verdict not in Review.Verdict.values:
        why = "Choose what the assistant's answers were."
        return _part(request, found, "review", error=why)
    values = {
        "person": person(request),
        "verdict": verdict,
        "from_sample": is_in_sample(found),
        "reviewed_at": timezone.now(),
    }
    Review.objects.update_or_create(conversation=found, defaults=values)
    record(person(request), "review", f"conversation {found.pk}", verdict=verdict)
    return _part(request, found, "review")


def _part(
    request: HttpRequest, found: Conversation, part: str, **more: Any
) -> HttpResponse:
    """One part of the page anew; the whole page for a browser without scripts."""
    if not request.htmx and "error" not in more:
        return redirect("inbox:conversation", found.pk)
    context = {**frame_of(found), **annotations_of(found), **more}
    return render(request, f"inbox/conversation_{part}.html", context)


def _line(
    request: HttpRequest, found: Conversation, number: int, **more: Any
) -> HttpResponse:
    """One message anew."""
    if not request.htmx and not more:
        page = reverse("inbox:conversation", args=[found.pk])
        return redirect(f"{page}#message-{number}")
    (line,) = [each for each in lines_of(found, whole=True) if each.number == number]
    context = {**frame_of(found), "line": line, "is_open": True, **more}
    return render(request, "inbox/conversation_message.html", context)
