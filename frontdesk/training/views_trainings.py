"""Trainings: started, watched, cancelled."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import drafts, trainings
from frontdesk.training.corrections import RefusedError
from frontdesk.training.trainings import Training
from retraining import jobs
from retraining.jobs import Job

LOG_LINES = 200


@require_POST
@never_cache
@needs(Permission.TRAIN)
def train(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Trains a proposal, and compares the model with the live one."""
    found = drafts.find(proposal_id)
    try:
        trainings.start(person(request), found, request.POST.get("days", ""))
    except RefusedError as error:
        messages.error(request, str(error))
    return redirect("training:proposal", found.id)


@require_GET
@never_cache
@needs(Permission.TRAIN)
def progress(request: HttpRequest, job_id: str) -> HttpResponse:
    """How far it is; once it has ended, the page that asks is loaded anew."""
    job = trainings.find(job_id)
    context = {"training": Training(job)}
    answer = render(request, "training/progress.html", context)
    if not job.is_running:
        answer["HX-Refresh"] = "true"
    return answer


@require_GET
@never_cache
@needs(Permission.TRAIN)
def log(request: HttpRequest, job_id: str) -> HttpResponse:
    """The end of its log."""
    job = trainings.find(job_id)
    lines = jobs.log_of(trainings.here(), job.id, LOG_LINES)
    context = {"training": Training(job), "lines": lines}
    template = "log_lines" if request.headers.get("HX-Request") else "log"
    return render(request, f"training/{template}.html", context)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """Ends it; nothing of it stays but its log."""
    job = trainings.find(job_id)
    try:
        trainings.cancel(person(request), job)
        messages.success(request, "The training was cancelled. Nothing has changed.")
    except RefusedError as error:
        messages.error(request, str(error))
    return _back(job)


def _back(job: Job) -> HttpResponse:
    if job.proposal:
        return redirect("training:proposal", job.proposal)
    return redirect("training:models")
