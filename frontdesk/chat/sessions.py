"""Sessions: a token is the only key to a conversation, and only its hash is stored."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections import OrderedDict
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
MOST_RECENT = 5000


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


class _Recent:
    """Sessions that were looked up within the last minute, by their token's hash."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Conversation] = OrderedDict()

    def get(self, token_hash: str) -> Conversation | None:
        conversation = self._found.get(token_hash)
        if conversation is None or _is_due(conversation, timezone.now()):
            return None
        return conversation

    def keep(self, conversation: Conversation) -> None:
        self._found[conversation.token_hash] = conversation
        self._found.move_to_end(conversation.token_hash)
        if len(self._found) > MOST_RECENT:
            self._found.popitem(last=False)


_recent = _Recent()


class BearerAuth(HttpBearer):
    """``Authorization: Bearer <token>``; sets ``request.conversation``."""

    async def authenticate(self, request: HttpRequest, token: str) -> Conversation:
        """(see parent class for full docstring)."""
        return await open_by(token.strip(), request)


class SenderAuth(BearerAuth):
    """The same for a message, which is taken in only after another look.

    ``intake.accept`` looks at the session in the transaction that stores the message;
    one that was found a moment ago is not looked up once more before that.
    """

    async def authenticate(self, request: HttpRequest, token: str) -> Conversation:
        """(see parent class for full docstring)."""
        token_hash = hash_of(token.strip())
        conversation = _recent.get(token_hash)
        if conversation is None:
            conversation = await open_by(token.strip(), request)
            _recent.keep(conversation)
        arrival_of(request).token_hash = token_hash
        request.conversation = conversation
        return conversation
