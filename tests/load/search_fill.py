"""Fills a database with the log of ``search_log``, and goes on where it was stopped.

Django must be set up.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

from tests.load.search_log import DAYS, LogMaker, Uneven

AT_ONCE = 2000  # conversations in one transaction
SECONDS = 5  # between two lines about the progress


def today():
    """Midnight: a log made twice on a day is the same."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def fill(count, seed=1):
    """Writes conversations until there are so many messages, the oldest first.

    They are spread evenly over the year that ends today; a log that is there already
    keeps its year.
    """
    from django.db.models import Max, Min

    from frontdesk.chat.models import Conversation, Message
    from frontdesk.inbox.models import Review

    oldest = Conversation.objects.aggregate(at=Min("created_at"))["at"]
    end = oldest + timedelta(days=DAYS) if oldest else today()
    maker = LogMaker(end, seed)
    progress = Progress(count, Message.objects.count())
    while progress.done < count:
        last = Message.objects.aggregate(last=Max("pk"))["last"] or 0
        maker.go_on(Conversation.objects.count(), last)
        rows = _batch(maker, progress.done, count)
        _write(rows)
        progress.add(sum(len(row[1]) for row in rows))
    _number_on()
    if not Review.objects.exists():
        maker.go_on(0, 0)
        _of_staff(maker.chance)
    return progress.done


def _batch(maker, messages, count):
    """The next conversations, or as many as are still missing."""
    rows = []
    while len(rows) < AT_ONCE and messages < count:
        past = timedelta(days=DAYS) * (messages / count)
        rows.append(maker.conversation(maker.end - timedelta(days=DAYS) + past))
        messages += len(rows[-1][1])
    return rows


class Progress:
    """Says how far it is, how fast, and how long it will take."""

    def __init__(self, count, done):
        self.count, self.done, self.before = count, done, done
        self.began = self.said = time.monotonic()

    def add(self, messages):
        self.done += messages
        now = time.monotonic()
        if now - self.said < SECONDS and self.done < self.count:
            return
        self.said = now
        speed = (self.done - self.before) / max(now - self.began, 0.001)
        left = max(self.count - self.done, 0) / speed
        print(
            f"  {self.done:,} of {self.count:,} messages, {speed:,.0f} a second, "
            f"{left:.0f} s to go",
            file=sys.stderr,
            flush=True,
        )


def _write(rows):
    from django.db import transaction

    from frontdesk.chat import models
    from frontdesk.inbox.models import Stale
    from frontdesk.inbox.search_digests import digest
    from tests.load.bulk import insert

    with transaction.atomic():
        insert(models.Conversation, [row[0] for row in rows])
        kinds = (models.Message, models.Feedback, models.Ticket, models.Alert)
        for place, kind in enumerate(kinds, start=1):
            insert(kind, [fields for row in rows for fields in row[place]])
        # All at once instead of change by change.
        Stale.objects.all()._raw_delete("default")
        digest(row[0]["id"] for row in rows)


def _number_on():
    """The ids of messages were given by us."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('chat_message', 'id'), "
                "(SELECT max(id) FROM chat_message))"
            )


def _of_staff(chance):
    """Reviews, tags and flags on a tenth of the conversations, all or none."""
    from django.db import transaction

    with transaction.atomic():
        _write_of_staff(chance)


def _write_of_staff(chance):
    from frontdesk.chat.models import Conversation, Message
    from frontdesk.inbox.models import Flag, Review, Tag

    rows = Conversation.objects.order_by("created_at", "pk")
    pks = list(rows.values_list("pk", flat=True))
    verdicts = list(Review.Verdict.values)
    read = chance.sample(pks, len(pks) // 10)
    Review.objects.bulk_create(
        Review(conversation_id=pk, verdict=chance.choice(verdicts)) for pk in read
    )
    tags = [Tag.objects.get_or_create(name=f"tag {n}")[0] for n in range(12)]
    through = Tag.conversations.through
    chosen = Uneven(tags)
    through.objects.bulk_create(
        through(tag_id=chosen.one(chance).pk, conversation_id=pk)
        for pk in chance.sample(read, len(read) // 3)
    )
    flagged = Message.objects.filter(conversation_id__in=read[:400], number=1)
    Flag.objects.bulk_create(Flag(message=message) for message in flagged)
