"""``/healthz``, ``/readyz`` and ``/metrics``: for the operator and our own tools.

Only from this machine itself, or with the token ``RASA_AUTH_TOKEN``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from frontdesk.chat import danger, database, metrics, spool
from frontdesk.chat.addresses import is_from_operator
from frontdesk.chat.models import Conversation
from frontdesk.chat.rasa_client import rasa
from frontdesk.chat.texts import texts
from retraining import live_trouble
from retraining.places import Places

OK = "ok"
SECONDS_FOR_A_PART = 3.0
View = Callable[[HttpRequest], Awaitable[HttpResponse]]
_shapes_seen: set[str] = set()


def for_the_operator(view: View) -> View:
    """Refuses everybody else."""

    @wraps(view)
    async def guarded(request: HttpRequest) -> HttpResponse:
        if not is_from_operator(request):
            words = "For the operator: from this machine, or with the token."
            error = {"code": "unauthorized", "message": words}
            answer: HttpResponse = JsonResponse({"error": error}, status=401)
            answer["WWW-Authenticate"] = "Bearer"
        else:
            answer = await view(request)
        answer["Cache-Control"] = "no-store"
        return answer

    return guarded


@require_safe
@for_the_operator
async def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers, whatever the rest does."""
    return JsonResponse({"status": OK})


@require_safe
@for_the_operator
async def readyz(request: HttpRequest) -> HttpResponse:
    """Able to serve; else 503, and which part is not. ``degraded`` can wait."""
    parts, degraded = await asyncio.gather(state_of_parts(), state_of_model())
    ready = all(words == OK for words in parts.values())
    answer = {"ready": ready, "parts": parts, "degraded": degraded}
    return JsonResponse(answer, status=200 if ready else 503)


@require_safe
@for_the_operator
async def metrics_page(request: HttpRequest) -> HttpResponse:
    """For Prometheus."""
    return HttpResponse(await metrics.page(), content_type=CONTENT_TYPE_LATEST)


async def state_of_parts() -> dict[str, str]:
    """Each part with ``ok``, or what is wrong with it and what to do."""
    checks: dict[str, Awaitable[str]] = {
        "database": _database(),
        "assistant": _assistant(),
        "danger_detector": asyncio.to_thread(_danger_detector),
        "spool": asyncio.to_thread(_spool),
        "drafts": asyncio.to_thread(_drafts),
    }
    if settings.REDIS_URL:
        checks["redis"] = _redis(settings.REDIS_URL)
    states = await asyncio.gather(*map(_in_time, checks.values()))
    return dict(zip(checks, states, strict=True))


async def state_of_model() -> dict[str, str]:
    """Why patients get another model than the live one; empty if they get that."""
    words = await _in_time(asyncio.to_thread(_model))
    return {} if words == OK else {"model": words}


async def _in_time(check: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(check, SECONDS_FOR_A_PART)
    except TimeoutError:
        return "does not answer in time"
    except Exception as error:
        return f"failed with {type(error).__name__}"


async def _database() -> str:
    try:
        return await database.read(_look_at_database)
    except database.DatabaseDownError as error:
        return f"down ({error}): see DATABASE_URL and the database's own log"


def _look_at_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if name not in _shapes_seen:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "not up to date: run 'python -m frontdesk migrate'"
        _shapes_seen.add(name)
    list(Conversation.objects.values_list("pk")[:1])
    return OK


async def _assistant() -> str:
    if await rasa().is_ready():
        return OK
    return "down, or no model is loaded: patients get the fallback; see rasa.log"


def _danger_detector() -> str:
    if isinstance(danger.detector(), danger.PhrasesAlone):
        return "no model, phrases alone: run 'make train' and start again"
    return OK


def _model() -> str:
    where = Places(settings.ROOT, settings.MODELS, settings.CLINIC_HOME)
    return " ".join(live_trouble.troubles(where)) or OK


def _spool() -> str:
    folder = Path(settings.SPOOL)
    there = folder if folder.exists() else folder.parent
    if not os.access(there, os.W_OK):
        return (
            f"{there} can't be written: alerts would be lost while the database is down"
        )
    if spool.has_lines():
        return "alerts wait to be moved into the database"
    return OK


def _drafts() -> str:
    words = texts()
    if words.any_drafts() and not words.clinic.serve_drafts:
        return "there are drafts in data/responses, and serve_drafts is false"
    return OK


async def _redis(url: str) -> str:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    client = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return f"down ({type(error).__name__}): front desks do not hear each other"
    finally:
        await client.close()
    return OK


urlpatterns = urls = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics_page),
]
