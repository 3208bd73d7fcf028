"""Correcting a patient's message, in its conversation and on a page of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.chat.models import Message
from frontdesk.inbox.conversations import message_for, record_reading
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import corrections, drafts, presenter, teaching
from frontdesk.training.corrections import RefusedError
from frontdesk.training.courses import ENTITIES
from frontdesk.training.intents import GROUPS, words_of
from frontdesk.training.models import Correction
from retraining.proposal_folder import ProposalError
from retraining.proposal_items import ItemError

WORDS_OF_ENTITIES = {
    "medicine": "a medicine",
    "symptom": "a symptom",
    "treatment": "a treatment",
    "condition": "an illness",
    "insurer": "an insurer",
}


@require_safe
@never_cache
@needs(Permission.TRAIN)
def message(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    """The whole form for one message: every intent, entities, a word to learn."""
    found = _asked(request, conversation_id, number)
    record_reading(person(request), found.conversation)
    return _whole_form(request, found)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def correct(request: HttpRequest, conversation_id: UUID, number: int) -> HttpResponse:
    """Notes what the message means: one click, one key."""
    found = _asked(request, conversation_id, number)
    form = request.POST
    is_whole = "whole" in form
    try:
        with transaction.atomic():
            corrections.correct(
                found,
                person(request),
                form.get("kind", ""),
                form.get("intent", ""),
                entities=_entities(form) if is_whole else None,
                word=_word(form) if is_whole else None,
            )
    except RefusedError as error:
        if is_whole:
            return _whole_form(request, found, error=str(error))
        return _part(request, found, error=str(error))
    return _part(request, _asked(request, conversation_id, number))


@require_POST
@never_cache
@needs(Permission.TRAIN)
def undo(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Takes one's own correction back."""
    found = _correction(correction_id)
    with transaction.atomic():
        return _try(request, found, corrections.undo, found, person(request))


@require_POST
@never_cache
@needs(Permission.TRAIN)
def read_again(request: HttpRequest, correction_id: int) -> HttpResponse:
    """The second reading of somebody else's correction."""
    found = _correction(correction_id)
    intent = request.POST.get("intent") or found.intent
    with transaction.atomic():
        return _try(
            request, found, corrections.read_again, found, person(request), intent
        )


@require_POST
@never_cache
@needs(Permission.APPROVE)
def settle(request: HttpRequest, correction_id: int) -> HttpResponse:
    """A clinician decides between two readers."""
    found = _correction(correction_id)
    intent = request.POST.get("intent", "")
    with transaction.atomic():
        return _try(request, found, corrections.settle, found, person(request), intent)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def teach(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Keeps the impersonal example, and adds it to a proposal if it is agreed on."""
    found, form, who = _correction(correction_id), request.POST, person(request)
    text = form.get("text", "")
    try:
        with transaction.atomic():
            teaching.write_text(found, who, text, bool(form.get("confirmed")))
        advice = teaching.advice_on(found)
        # It is given with a box to tick: nothing redundant enters by default.
        is_stopped = bool(advice) and not form.get("anyway")
        if teaching.can_be_added(found) and not is_stopped:
            _add(request, found)
    except (RefusedError, ItemError, ProposalError) as error:
        fresh = _correction(correction_id).message
        return _part(request, fresh, error=str(error), text=text)
    fresh = _correction(correction_id).message
    return _part(request, fresh, **({"advice": advice} if is_stopped else {}))


def _add(request: HttpRequest, found: Correction) -> None:
    proposal = drafts.chosen(person(request), request.POST.get("proposal", ""))
    with transaction.atomic():
        teaching.add([found], proposal, person(request))


def _try(request: HttpRequest, found: Correction, do: Any, *given: Any) -> HttpResponse:
    """Does it, and shows the message anew; or why not."""
    where = found.message
    try:
        do(*given)
    except RefusedError as error:
        return _part(request, where, error=str(error))
    return _part(request, Message.objects.get(pk=where.pk))


def _asked(request: HttpRequest, conversation_id: UUID, number: int) -> Message:
    """The patient's message of the address.

    Raises:
        Http404: if there is none, or somebody else has written it.
    """
    found = message_for(person(request), conversation_id, number)
    if found.author != Message.Author.PATIENT:
        raise Http404
    return found


def _correction(correction_id: int) -> Correction:
    rows = Correction.objects.select_related("message__conversation")
    return get_object_or_404(rows, pk=correction_id)


def _part(request: HttpRequest, found: Message, **more: Any) -> HttpResponse:
    """What stands below the message, anew; the page for a browser without scripts."""
    back = request.POST.get("back", "")
    if not request.htmx:
        if more.get("error"):
            messages.error(request, more["error"])
        if back == "overview":
            return redirect("training:overview")
        page = reverse("inbox:conversation", args=[found.conversation_id])
        return redirect(f"{page}#message-{found.number}")
    shown = presenter.annotation_of(found, person(request), **more)
    context = {"annotation": shown, "groups": GROUPS}
    return render(request, "training/annotate.html", context)


def _whole_form(request: HttpRequest, found: Message, error: str = "") -> HttpResponse:
    heard = corrections.understood(found)
    before = Correction.objects.filter(message=found).first()
    context = {
        "message": found,
        "groups": GROUPS,
        "understood": words_of(heard.intent),
        "correction": before,
        "intent": before.intent if before else heard.intent,
        "entities": [e for e in heard.entities if isinstance(e, dict)],
        "word_entities": WORDS_OF_ENTITIES,
        "error": error,
    }
    status = 422 if error else 200
    return render(request, "training/message.html", context, status=status)


def _entities(form: Any) -> list[dict[str, str]]:
    """The recognised entities that are right, and one that was missed."""
    pairs = [value.partition("=") for value in form.getlist("entity")]
    missed = (form.get("missed_entity", ""), "=", form.get("missed_value", "").strip())
    return [
        {"entity": name, "value": value[:60]}
        for name, _, value in [*pairs, missed]
        if name in {*ENTITIES, *WORDS_OF_ENTITIES} and value
    ]


def _word(form: Any) -> dict[str, str]:
    text = " ".join(form.get("word", "").split())[:60]
    entity = form.get("word_entity", "")
    if not text or entity not in WORDS_OF_ENTITIES:
        return {}
    synonym = " ".join(form.get("word_synonym", "").split())[:60]
    return {"entity": entity, "text": text, "synonym": synonym}
