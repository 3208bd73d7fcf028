"""Sessions: a token is the only key to a conversation, and only its hash is stored."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from frontdesk.chat import database
from frontdesk.chat.arrival import arrival_of
from frontdesk.chat.errors import unauthorized
from frontdesk.chat.models import Conversation

logger = logging.getLogger(__name__)

TOKEN_BYTES = 32
LONGEST_TOKEN = 200
# "Last seen" is written this often at most.
SEEN_EVERY = timedelta(minutes=1)


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is stored of a token; it has enough randomness to need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find(token: str) -> Conversation | None:
    """The conversation a token belongs to, over or not; None if there is none."""
    if not 0 < len(token) <= LONGEST_TOKEN:
        return None
    found = Conversation.objects.filter(token_hash=hash_of(token), erased_at=None)
    return found.first()


def _is_due(conversation: Conversation, now: datetime) -> bool:
    return conversation.last_seen_at + SEEN_EVERY < now


async def open_by(token: str, request: HttpRequest) -> Conversation:
    """The conversation of a token, seen now.

    Raises:
        ApiError: 401 if the token opens nothing.
        DatabaseDownError: if that can't be found out.
    """
    arrival_of(request).token_hash = hash_of(token)
    conversation = await database.read(find, token)
    now = timezone.now()
    if conversation is None or conversation.is_over(now):
        raise unauthorized()
    request.conversation = conversation
    if _is_due(conversation, now):
        await database.write(_mark_seen, conversation, now)
    return conversation


def _mark_seen(conversation: Conversation, now: datetime) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(last_seen_at=now)
    conversation.last_seen_at = now


def create(
    *, token: str, consent: str, improve: bool | None, locale: str, page: str
) -> Conversation:
    """A new conversation, empty; ``consent`` is the version of what was agreed to."""
    now = timezone.now()
    return Conversation.objects.create(
        token_hash=hash_of(token),
        consent_version=consent,
        improve=improve,
        locale=locale,
        page=page,
        created_at=now,
        last_seen_at=now,
        expires_at=now + settings.SESSION_ABSOLUTE,
    )


class BearerAuth(HttpBearer):
    """``Authorization: Bearer <token>``; sets ``request.conversation``."""

    async def authenticate(self, request: HttpRequest, token: str) -> Conversation:
        """(see parent class for full docstring)."""
        return await open_by(token.strip(), request)
