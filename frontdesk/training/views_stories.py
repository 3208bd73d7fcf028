"""A whole conversation as a training story, or as a test story."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from frontdesk.audit.ledger import record
from frontdesk.chat.models import Conversation
from frontdesk.inbox.conversations import kept_for, record_reading
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import courses, drafts, turns
from frontdesk.training.corrections import RefusedError
from frontdesk.training.intents import GROUPS
from frontdesk.training.models import Correction
from frontdesk.training.teaching import NOT_ALLOWED, may_be_taught
from retraining.proposal_folder import ProposalError
from retraining.proposal_items import Item, ItemError, Origin, StoryItem, TestStoryItem
from retraining.rasa_stories import RasaError, write_story

_REFUSED = (RefusedError, ItemError, ProposalError, RasaError)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Permission.TRAIN)
def story(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The course of the conversation, to correct and to teach."""
    found = _asked(request, conversation_id)
    known = courses.domain()
    context: dict[str, Any] = {"known": known, "kind": "story"}
    if request.method != "POST":
        context["steps"] = courses.drawn_up(found, known)
        return _form(request, found, **context)
    form = request.POST
    context |= {"steps": courses.from_form(form), "title": form.get("title", "")}
    try:
        if (deed := form.get("do", "")) != "save":
            context["steps"] = courses.changed(context["steps"], deed, known)
            return _form(request, found, **context)
        steps = courses.as_rasa(context["steps"], known)
        title = context["title"].strip()
        item = StoryItem(title, steps, "", origin=_origin(found))
        _check(found, item)
        item = StoryItem(
            title,
            steps,
            write_story(title, steps),
            origin=_origin(found),
            added_by=person(request).name,
        )
        return _saved(request, found, item)
    except _REFUSED as error:
        return _form(request, found, error=str(error), **context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Permission.TRAIN)
def test_story(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation as it should have gone, played after each training."""
    found = _asked(request, conversation_id)
    if request.method != "POST":
        return _form(request, found, kind="test", turns=turns.drawn_up(found))
    form = request.POST
    given = turns.from_form(form)
    title = form.get("title", "").strip()
    try:
        if not form.get("confirmed"):
            raise RefusedError("Confirm that nothing in it points to a person.")
        who = person(request).name
        told = turns.as_file(given)
        item = TestStoryItem(title, told, origin=_origin(found), added_by=who)
        _check(found, item)
        return _saved(request, found, item)
    except _REFUSED as error:
        more = {"kind": "test", "turns": given, "title": title}
        return _form(request, found, error=str(error), **more)


def _asked(request: HttpRequest, conversation_id: UUID) -> Conversation:
    found = kept_for(person(request), conversation_id)
    record_reading(person(request), found)
    return found


def _origin(found: Conversation) -> Origin:
    written = found.messages.filter(author="patient").order_by("number")
    return Origin(str(found.pk), tuple(written.values_list("number", flat=True)))


def _check(found: Conversation, item: Item) -> None:
    if not may_be_taught(found):
        raise RefusedError(NOT_ALLOWED)
    waits = Correction.objects.filter(message__conversation=found)
    if waits.exclude(state=Correction.State.READY).exists():
        raise RefusedError(
            "A correction of this conversation waits for a second reader, or the "
            "readers differ. Agree on it first."
        )
    item.validate()


def _saved(request: HttpRequest, found: Conversation, item: Item) -> HttpResponse:
    who = person(request)
    proposal = drafts.chosen(who, request.POST.get("proposal", ""))
    with transaction.atomic():
        what = "write test story" if item.kind == "test_story" else "write story"
        record(who, what, f"conversation {found.pk}", proposal=proposal.id)
        proposal.add([item], who.name)
    messages.success(request, "It is in the proposal.")
    page = redirect("training:proposal", proposal.id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page


def _form(request: HttpRequest, found: Conversation, **context: Any) -> HttpResponse:
    context |= {
        "conversation": found,
        "groups": GROUPS,
        "proposals": drafts.open_proposals(),
        "may_teach": may_be_taught(found),
        "not_allowed": NOT_ALLOWED,
        "entities": courses.ENTITIES,
    }
    if "known" in context:
        actions = context["known"].actions
        context["actions"] = [(name, courses.action_in_words(name)) for name in actions]
    # htmx shows what has been refused as it shows everything else.
    status = 422 if context.get("error") and not request.htmx else 200
    return render(request, f"training/{context['kind']}.html", context, status=status)
