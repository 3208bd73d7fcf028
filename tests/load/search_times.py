"""Fills a database and times the searches through the page itself; prints JSON.

A process of its own, since Django reads ``DATABASE_URL`` once: called by ``search``.
"""

import json
import statistics
import sys
import time
from datetime import timedelta

from tests.load.searches import DASHBOARD_DAYS, SEARCHES


def percentile(values, share):
    """The smallest value that so many of all are not above."""
    ordered = sorted(values)
    return ordered[max(int(len(ordered) * share + 0.999999) - 1, 0)]


def signed_in():
    """A browser with somebody who may read and review."""
    from django.test import Client

    from frontdesk.staff.models import Person
    from frontdesk.staff.permissions import Role

    person = Person.objects.filter(email="bench@example.org").first()
    person = person or Person.objects.create_user(
        "bench@example.org", name="Bench", role=Role.CLINICIAN
    )
    client = Client()
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def time_of(client, address):
    """Milliseconds from the request to the whole page."""
    began = time.perf_counter()
    answer = client.get(address)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took


def measure(rounds):
    """Times of each search, once unwarmed and then so often."""
    client = signed_in()
    page = "/staff/conversations/?"
    first = {query: time_of(client, page + query) for query in SEARCHES}
    times = {query: [] for query in SEARCHES}
    work = []
    for _ in range(rounds):
        for query in SEARCHES:
            began = time.process_time()
            times[query].append(time_of(client, page + query))
            work.append((time.process_time() - began) * 1000)
    queue = [time_of(client, "/staff/reviews/") for _ in range(rounds)]
    return figures(times, first, queue, work) | dashboard(client, rounds)


def dashboard(client, rounds):
    """How long the page of numbers takes, for periods that end with the log."""
    from django.db.models import Max

    from frontdesk.inbox.models import Digest

    last = Digest.objects.aggregate(last=Max("started_at"))["last"].date()
    taken = {}
    for days in DASHBOARD_DAYS:
        since = last - timedelta(days=days - 1)
        address = f"/staff/dashboard/?since={since}&until={last}"
        time_of(client, address)  # once unwarmed
        taken[days] = [time_of(client, address) for _ in range(rounds)]
    every = [took for times in taken.values() for took in times]
    return {
        "dashboard_p95": round(percentile(every, 0.95), 1),
        "dashboard_each": {
            f"{days} days": [round(statistics.median(times), 1), round(max(times), 1)]
            for days, times in taken.items()
        },
    }


def figures(times, first, queue, work):
    """What is reported; all in milliseconds."""
    every = [took for taken in times.values() for took in taken]
    return {
        "searches": len(times),
        "p50": round(statistics.median(every), 1),
        "p95": round(percentile(every, 0.95), 1),
        "slowest": round(max(every), 1),
        # Of our processor alone: the same on a busy machine (SQLite works in it too).
        "processor_p95": round(percentile(work, 0.95), 1),
        "first_time_p95": round(percentile(list(first.values()), 0.95), 1),
        "review_queue_p95": round(percentile(queue, 0.95), 1),
        "each": {
            query: [round(statistics.median(taken), 1), round(max(taken), 1)]
            for query, taken in times.items()
        },
    }


def main(count, rounds):
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from frontdesk.chat.models import Conversation, Message
    from tests.load.search_log import fill

    call_command("migrate", verbosity=0)
    filled = 0.0
    if not Message.objects.exists():
        began = time.monotonic()
        fill(count)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        filled = time.monotonic() - began
    result = {
        "database": connection.vendor,
        "messages": Message.objects.count(),
        "conversations": Conversation.objects.count(),
        "filled_in_seconds": round(filled),
        **measure(rounds),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
