"""What should be reviewed: by expected harm, and a sample drawn at random each day.

The harm (``review_queue_harm``) finds mistakes, but not how common they are. The sample
does: each conversation of a day is drawn with the same chance, whoever looks
and whenever, and the verdicts on it estimate how often the assistant is right.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from frontdesk.chat.models import Conversation
from frontdesk.inbox.filters import UNREVIEWED, start_of
from frontdesk.inbox.models import Review
from frontdesk.inbox.search import readable_by
from frontdesk.inbox.search_models import Digest, Turn
from frontdesk.staff.models import Person

ON_A_PAGE = 25
SAMPLE_SIZE = 10  # a day
ESTIMATE_DAYS = 30
Z_95 = 1.96  # of the normal distribution, both sides


@dataclass(frozen=True)
class Estimate:
    """How often the assistant was right, from the sample of the last weeks."""

    right: int
    reviewed: int

    @property
    def percent(self) -> tuple[int, int]:
        """Between which it is with a certainty of 95 % (Wilson), rounded outwards."""
        count, squared = self.reviewed, Z_95**2
        if not count:
            return 0, 100
        share = self.right / count
        middle = share + squared / (2 * count)
        half = Z_95 * math.sqrt(
            share * (1 - share) / count + squared / (4 * count * count)
        )
        low, high = middle - half, middle + half
        scale = 100 / (1 + squared / count)
        return max(math.floor(low * scale), 0), min(math.ceil(high * scale), 100)


def today() -> date:
    """The day at the clinic."""
    return timezone.now().astimezone(settings.CLINIC.time_zone).date()


def waiting(reader: Person) -> QuerySet[Digest]:
    """Unreviewed conversations with a reason to look, the most harmful first."""
    wanted = readable_by(reader).filter(UNREVIEWED, harm__gt=0)
    return wanted.order_by("-harm", "-pk")


def page_of(reader: Person, after: Digest | None = None) -> list[Digest]:
    """A page of them, one more if there is another page."""
    return list(_behind(waiting(reader), after)[: ON_A_PAGE + 1])


def following(reader: Person, after: Digest | None) -> Digest | None:
    """The next one to review."""
    return _behind(waiting(reader), after).first()


def _behind(wanted: QuerySet[Digest], after: Digest | None) -> QuerySet[Digest]:
    if after is None:
        return wanted
    return wanted.filter(Q(harm=after.harm, pk__lt=after.pk) | Q(harm__lt=after.harm))


def sample_of(day: date) -> list[Digest]:
    """The conversations drawn of those that began on a day, in the order of drawing.

    Nothing before the day is over: what is drawn must not depend on when one looks.
    """
    if day >= today():
        return []
    began = Digest.objects.filter(
        Exists(Turn.objects.filter(digest=OuterRef("pk"))),
        started_at__gte=start_of(day),
        started_at__lt=start_of(day + timedelta(days=1)),
    )
    ids = began.values_list("conversation_id", flat=True)
    drawn = sorted(ids, key=lambda pk: _lot(day, pk))[:SAMPLE_SIZE]
    rows = began.filter(conversation__in=drawn)
    found = {each.conversation_id: each for each in rows}
    return [found[pk] for pk in drawn if pk in found]


def is_in_sample(conversation: Conversation) -> bool:
    """Whether a conversation was drawn on its day."""
    day = conversation.created_at.astimezone(settings.CLINIC.time_zone).date()
    return any(each.conversation_id == conversation.pk for each in sample_of(day))


def mark_reviewed(sample: Sequence[Digest]) -> set[UUID]:
    """Which are reviewed; one read before the day was over counts as drawn too."""
    drawn = [each.conversation_id for each in sample]
    reviews = Review.objects.filter(conversation_id__in=drawn)
    reviews.filter(from_sample=False).update(from_sample=True)
    return set(reviews.values_list("conversation_id", flat=True))


def estimate() -> Estimate:
    """From the verdicts on the samples of the last days."""
    since = start_of(today() - timedelta(days=ESTIMATE_DAYS))
    drawn = Review.objects.filter(from_sample=True, conversation__created_at__gte=since)
    right = drawn.filter(verdict=Review.Verdict.RIGHT).count()
    return Estimate(right, drawn.count())


def _lot(day: date, conversation_id: UUID) -> bytes:
    return hashlib.sha256(f"{day.isoformat()} {conversation_id}".encode()).digest()
