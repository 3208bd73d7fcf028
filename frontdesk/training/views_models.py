"""Models: what is live and what was; making one live, trying it, taking it back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import drafts, model_view, releasing, setting_aside, what_ran
from frontdesk.training.corrections import RefusedError
from frontdesk.training.models import SetAside
from frontdesk.training.over_time import over_time
from retraining.candidates import Candidate
from retraining.live_trouble import KINDS
from retraining.promote import Done
from retraining.proposal_folder import ProposalError, folder_of


@require_safe
@never_cache
@needs(Permission.TRAIN)
def models(request: HttpRequest) -> HttpResponse:
    """What answers patients now, what ran when, and comparisons over time."""
    context = what_ran.page_of()
    context["over_time"] = over_time(context["names"])
    return render(request, "training/models.html", context)


@require_safe
@never_cache
@needs(Permission.TRAIN)
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One model: what was compared, what the gate says, and what can be done."""
    found = model_view.view_of(model_view.find(name))
    return render(request, "training/model.html", {"model": found})


@require_POST
@never_cache
@needs(Permission.PROMOTE)
def release(request: HttpRequest, name: str) -> HttpResponse:
    """Makes it live for everybody, or tries it on some new conversations."""
    found = model_view.find(name)
    who, form = person(request), request.POST
    reason, share = form.get("reason", ""), form.get("share", "")
    if form.get("do") == "try":
        words = f"From now on {share} % of the conversations that begin get it."
        deed = partial(releasing.try_it, who, name, share, reason)
    else:
        words = "It is live: patients get it from now on."
        deed = partial(releasing.make_live, who, name, reason)
    _do(request, deed, words)
    return _back(found)


@require_POST
@never_cache
@needs(Permission.PROMOTE)
def end_trial(request: HttpRequest) -> HttpResponse:
    """Nobody gets the model that was tried any more."""
    reason = request.POST.get("reason", "")
    words = "The trial has ended: the live model answers everybody."
    _do(request, lambda: releasing.end_trial(person(request), reason), words)
    return redirect("training:models")


@require_POST
@never_cache
@needs(Permission.PROMOTE)
def roll_back(request: HttpRequest) -> HttpResponse:
    """The model before, or an earlier one, is live again."""
    who, form = person(request), request.POST
    reason, to = form.get("reason", ""), form.get("to", "")
    words = "Rolled back: the earlier model answers patients again."
    _do(request, lambda: releasing.take_back(who, reason, to), words)
    return redirect("training:models")


@require_POST
@never_cache
@needs(Permission.PROMOTE)
def set_aside(request: HttpRequest, name: str) -> HttpResponse:
    """Asks for a second person, to make it live against the gate."""
    found = model_view.find(name)
    reason = request.POST.get("reason", "")
    words = "Somebody else who may make models live now confirms it, or does not."
    _do(request, lambda: setting_aside.ask_second(person(request), name, reason), words)
    return _back(found)


@require_POST
@never_cache
@needs(Permission.PROMOTE)
def decide(request: HttpRequest, asked_id: int) -> HttpResponse:
    """The second person confirms; or either withdraws the wish."""
    every = SetAside.objects.select_related("author")
    asked = get_object_or_404(every, pk=asked_id)
    who = person(request)
    if request.POST.get("do") == "confirm":
        words = "Confirmed. It is live: patients get it from now on."
        _do(request, lambda: setting_aside.confirm(who, asked), words)
    else:
        words = "Withdrawn. Nothing has changed for patients."
        _do(request, lambda: setting_aside.withdraw(who, asked), words)
    return redirect("training:model", asked.model)


def _do(request: HttpRequest, deed: Callable[[], object], done: str) -> None:
    try:
        result = deed()
    except RefusedError as error:
        messages.error(request, str(error))
        return
    if isinstance(result, Done):
        done = f"{done} It took {result.seconds:.1f} s."
        for process in result.waiting:
            kind = KINDS.get(process.kind, process.kind)
            messages.warning(request, f"One process of the {kind} is not there yet.")
        for name in result.entry.detail.get("left", ()):
            messages.warning(request, f"{name} was edited since, and stays as it is.")
    messages.success(request, done)


def _back(found: Candidate) -> HttpResponse:
    """To the proposal that it was trained for, if that is still there."""
    try:
        folder = folder_of(drafts.home(), found.proposal or "")
    except ProposalError:
        return redirect("training:model", found.id)
    return redirect("training:proposal", folder.name)
