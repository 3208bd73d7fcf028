"""Fills a database and times the searches through the page itself; prints JSON.

A process of its own, since Django reads ``DATABASE_URL`` once: called by ``search``.
"""

import json
import statistics
import sys
import time
from datetime import timedelta

from tests.load.search_log import DAYS
from tests.load.searches import PAGES, SEARCHES, filled_in

LIST = "/staff/conversations/"


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


def measure(rounds, end):
    """Times of each search, once unwarmed and then so often; what it found."""
    client = signed_in()
    ask = {each: filled_in(f"{LIST}?{each}", end) for each in SEARCHES}
    first = {each: time_of(client, address) for each, address in ask.items()}
    times = {each: [] for each in SEARCHES}
    work = []
    for _ in range(rounds):
        for each, address in ask.items():
            began = time.process_time()
            times[each].append(time_of(client, address))
            work.append((time.process_time() - began) * 1000)
    return {
        **figures(times, first, work),
        "found": {each: how_many(each, end) for each in SEARCHES},
        "pages": {
            name: page_times(client, filled_in(address, end), rounds)
            for name, address in PAGES.items()
        },
    }


def how_many(search, end):
    """So many conversations it finds; the page itself stops counting at 1000."""
    from django.http import QueryDict

    from frontdesk.inbox.filters import Filters
    from frontdesk.inbox.models import Digest

    filters = Filters(QueryDict(filled_in(search, end)))
    return filters.narrow(Digest.objects.all()).count()


def page_times(client, address, rounds):
    """Median and slowest of a page, once unwarmed before."""
    time_of(client, address)
    times = [time_of(client, address) for _ in range(rounds)]
    return [round(statistics.median(times), 1), round(max(times), 1)]


def figures(times, first, work):
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
        "each": {
            query: [round(statistics.median(taken), 1), round(max(taken), 1)]
            for query, taken in times.items()
        },
    }


def main(count, rounds):
    """Fills what is missing, measures, prints."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.models import Min

    from frontdesk.chat.models import Conversation, Message
    from tests.load.search_fill import fill

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    fill(count)
    tidy(connection)
    filled = time.monotonic() - began
    oldest = Conversation.objects.aggregate(at=Min("created_at"))["at"]
    result = {
        "database": connection.vendor,
        "messages": Message.objects.count(),
        "conversations": Conversation.objects.count(),
        "last_day": filled_in("<0>", oldest + timedelta(days=DAYS)),
        "filled_in_seconds": round(filled),
        **measure(rounds, oldest + timedelta(days=DAYS)),
    }
    print(json.dumps(result))


def tidy(connection):
    """What a database has done by itself long before a year is over."""
    with connection.cursor() as cursor:
        is_sqlite = connection.vendor == "sqlite"
        cursor.execute("ANALYZE" if is_sqlite else "VACUUM ANALYZE")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
