"""Pages about urgent alerts: the ladder, what became of each alert, drills."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from frontdesk.alerts import drill, presenter
from frontdesk.alerts.channels import nobody_would_be_reached, reach_of, words_of
from frontdesk.alerts.delivery import Outcome, send_in_time, trial_notice
from frontdesk.alerts.models import Attempt, Drill
from frontdesk.audit.ledger import record
from frontdesk.chat.models import Alert
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

MOST_SHOWN = 30


@require_safe
@needs(Permission.READ)
def ladder(request: HttpRequest) -> HttpResponse:
    """Who is told and when, whether that would work, and the newest alerts."""
    newest = Alert.objects.filter(is_drill=False).order_by("-created_at")
    alerts = newest.prefetch_related("attempts")[:MOST_SHOWN]
    now = timezone.now()
    context = {
        "steps": presenter.show_steps(),
        "ladder": settings.URGENT_LADDER,
        "nobody_reached": nobody_would_be_reached(),
        "variables": [
            (found.variable, found.words)
            for found in map(reach_of, settings.URGENT_LADDER.outside)
        ],
        "alerts": [presenter.show_alert(alert, now) for alert in alerts],
    }
    return render(request, "alerts/ladder.html", context)


@require_safe
@needs(Permission.READ)
def history(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Every attempt to tell somebody of an alert; that it was read is recorded."""
    with_tries = Alert.objects.prefetch_related("attempts__all_tries")
    alert = get_object_or_404(
        with_tries.select_related("acknowledged_by", "assigned_to"), pk=alert_id
    )
    record(person(request), "read", f"alert {alert.pk}")
    context = {"shown": presenter.show_alert(alert, timezone.now())}
    return render(request, "alerts/history.html", context)


@require_safe
@needs(Permission.READ)
def drills(request: HttpRequest) -> HttpResponse:
    """The drills and how long each one took."""
    now = timezone.now()
    newest = Drill.objects.order_by("-pk").select_related(
        "alert__acknowledged_by", "started_by"
    )
    context = {
        "drills": [presenter.show_drill(each, now) for each in newest[:MOST_SHOWN]],
        "ladder": settings.URGENT_LADDER,
        "within": presenter.duration(settings.URGENT_LADDER.drill_within),
        "is_missed": drill.is_missed(now),
        "overdue": [
            each for each in drill.waiting() if drill.result(each, now).is_late
        ],
    }
    return render(request, "alerts/drills.html", context)


@require_POST
@needs(Permission.ANSWER)
def start_drill(request: HttpRequest) -> HttpResponse:
    """Raises an alert without a patient."""
    try:
        drill.start(person(request))
    except drill.DrillWaitingError as error:
        messages.warning(request, f"{error} Acknowledge it first.")
    else:
        messages.success(request, "The drill has begun: it is in the queue now.")
    return redirect("alerts:drills")


@require_POST
@needs(Permission.ANSWER)
async def try_channel(request: HttpRequest) -> HttpResponse:
    """Sends a test through a channel of the ladder, and says what became of it."""
    channel = request.POST.get("channel", "")
    if channel not in settings.URGENT_LADDER.outside:
        raise Http404
    outcome = await send_in_time(channel, trial_notice())
    await sync_to_async(_note_trial)(person(request), channel, outcome)
    words = {
        Attempt.State.DELIVERED: "the service has taken the test. Did it arrive?",
        Attempt.State.DRY_RUN: "not set up yet. Nobody was told.",
    }.get(Attempt.State(outcome.state), f"failed: {outcome.error}.")
    delivered = outcome.state == Attempt.State.DELIVERED
    tell = messages.success if delivered else messages.error
    await sync_to_async(tell)(request, f"{words_of(channel)}: {words}")
    return redirect("alerts:ladder")


def _note_trial(who: Person, channel: str, outcome: Outcome) -> None:
    with transaction.atomic():
        detail = {"outcome": outcome.state, "error": outcome.error}
        record(who, "test channel", f"channel {channel}"[:100], **detail)
