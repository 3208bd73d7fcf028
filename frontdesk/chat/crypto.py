"""Encrypts what must not lie in clear: originals and contact data.

The first of ``FRONTDESK_ENCRYPTION_KEYS`` encrypts, all of them decrypt. How to change
keys: ``python -m frontdesk rotate_keys --help``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# What other apps keep encrypted: a name, and what brings it all under the first key and
# counts what was done and what no key opens (``rotate_keys``).
rotations: dict[str, Callable[[], tuple[int, int]]] = {}


class NotReadableError(ValueError):
    """None of the keys opens a ciphertext, or it was changed."""


def encrypt(text: str) -> bytes:
    """A text, readable only with the first key.

    Raises:
        ImproperlyConfigured: if a key can't be used.
    """
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode("utf-8"))


def decrypt(ciphertext: bytes | memoryview) -> str:
    """What was encrypted, with whichever key.

    Raises:
        NotReadableError: if no key fits.
    """
    fernet = _fernet(tuple(settings.ENCRYPTION_KEYS))
    try:
        return fernet.decrypt(bytes(ciphertext)).decode("utf-8")
    except InvalidToken as error:
        raise NotReadableError(
            "None of FRONTDESK_ENCRYPTION_KEYS opens this: was a key removed before "
            "'python -m frontdesk rotate_keys' had run?"
        ) from error


def encrypt_again(ciphertext: bytes | memoryview) -> bytes:
    """The same content under the first key.

    Raises:
        NotReadableError: if no key fits.
    """
    return encrypt(decrypt(ciphertext))


def is_current(ciphertext: bytes | memoryview) -> bool:
    """Whether the first key alone opens it."""
    first = _fernet(tuple(settings.ENCRYPTION_KEYS[:1]))
    try:
        first.decrypt(bytes(ciphertext))
    except InvalidToken:
        return False
    return True


def new_key() -> str:
    """A key for ``FRONTDESK_ENCRYPTION_KEYS``."""
    return Fernet.generate_key().decode("ascii")


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FRONTDESK_ENCRYPTION_KEYS: write one or more keys of 32 bytes in URL-safe "
            "base64, separated by commas; 'python -m frontdesk rotate_keys --new' "
            "prints one."
        ) from error
