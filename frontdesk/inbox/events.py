"""``/staff/events``: tells open staff pages what has changed, so that they ask for it.

Two kinds of news, without any text: ``queue`` (alerts, tickets, contact data, who has
what) and ``conversation`` with ``{"id"}`` and, when the patient types, ``"typing"``.
``here`` comes every so many ``seconds``: a page that misses it has lost the connection.
The stream ends with the session: ``signed_out`` is its last event.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

from asgiref.sync import SyncToAsync, sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from frontdesk.chat import database
from frontdesk.chat.fanout import fanout
from frontdesk.chat.limits import TooManyError, stream_slots
from frontdesk.chat.staff_news import News, StaffSubscription
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission
from frontdesk.staff.sessions import is_still_in

RETRY_MILLISECONDS = 3000
# What comes together is told together: a busy chat is no storm of events.
GATHER_SECONDS = 0.1


@require_safe
@needs(Permission.READ)
async def events(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-sent events, for as long as the person is signed in."""
    reader = person(request)
    try:
        release = stream_slots().acquire(f"staff {reader.pk}", f"staff {reader.pk}")
    except TooManyError:
        return HttpResponse(status=429, headers={"Retry-After": "30"})
    stream = _stream(request.session.session_key, reader)
    answer = StreamingHttpResponse(
        _released(stream, release), content_type="text/event-stream"
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy must not hold events back
    answer._resource_closers.append(release)  # if it never begins
    return answer


async def _let_thread_go() -> None:
    """Ends the request's own thread and connection, which middlewares have worked in.

    Django would keep both for as long as the stream is open.
    """
    await sync_to_async(_close_connection)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is not None:
        executor = SyncToAsync.context_to_thread_executor.pop(context, None)
        if executor is not None:
            executor.shutdown(wait=False)


def _close_connection() -> None:
    connection.close()  # of the thread that this runs in


async def _released(
    stream: AsyncIterator[str], release: Callable[[], None]
) -> AsyncIterator[str]:
    try:
        async for event in stream:
            yield event
    finally:
        release()


async def _stream(session_key: str | None, reader: Person) -> AsyncIterator[str]:
    with fanout().subscribe_staff() as subscription:
        await _let_thread_go()  # only now: no middleware comes after this
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        yield _event("here", {"seconds": settings.HEARTBEAT_SECONDS})
        yield _event("queue", {})  # what happened before we listened
        checked_at = time.monotonic()
        while not subscription.is_over:
            pause = checked_at + settings.HEARTBEAT_SECONDS - time.monotonic()
            for event in _told(await _gathered(subscription, max(pause, 0.0))):
                yield event
            if time.monotonic() - checked_at < settings.HEARTBEAT_SECONDS:
                continue
            checked_at = time.monotonic()
            try:
                if not await database.read(is_still_in, session_key, reader):
                    yield _event("signed_out", {})
                    return
            except database.DatabaseDownError:
                return  # the page comes back, and is asked who it is
            yield _event("here", {"seconds": settings.HEARTBEAT_SECONDS})


async def _gathered(subscription: StaffSubscription, seconds: float) -> News:
    news = await subscription.wait(seconds)
    if news and not subscription.is_over:
        await asyncio.sleep(GATHER_SECONDS)
        news = news.with_more(subscription.take())
    return news


def _told(news: News) -> list[str]:
    told = [_event("queue", {})] if news.queue else []
    told += [_event("conversation", {"id": key}) for key in sorted(news.conversations)]
    told += [
        _event("conversation", {"id": key, "typing": is_typing})
        for key, is_typing in sorted(news.typing.items())
    ]
    return told


def _event(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
