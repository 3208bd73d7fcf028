"""The seals of the ledger: HMAC-SHA256 (RFC 2104) with keys of this installation.

Who can write the database alone has no key, and can't make one. The newest key seals;
older ones (``SECRET_KEY_FALLBACKS``) still open what they sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings

Content = list[Any]


def seal(content: Content) -> str:
    """The seal over a content that JSON can hold."""
    return _seal(content, settings.SECRET_KEY)


def is_sealed(content: Content, given: object) -> bool:
    """Whether a seal was made by one of the keys."""
    return Keys().fits(content, given)


class Keys:
    """The keys in the order of time: after a newer one was used, no older one is."""

    def __init__(self) -> None:
        self._keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]

    def fits(self, content: Content, given: object) -> bool:
        """Whether a seal is right, and not older than the ones before it."""
        if not isinstance(given, str) or not given.isascii():
            return False
        for place, key in enumerate(self._keys):
            if hmac.compare_digest(given, _seal(content, key)):
                del self._keys[place + 1 :]
                return True
        return False


def _seal(content: Content, key: str) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hmac.new(_derived(key), text.encode("ascii"), hashlib.sha256).hexdigest()


def _derived(key: str) -> bytes:
    return hashlib.sha256(f"ledger {key}".encode()).digest()
