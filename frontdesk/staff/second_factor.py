"""Keys of authenticator apps and recovery codes follow ``rotate_keys``."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from frontdesk.chat import crypto

ENCRYPTED = ("secret", "seed")  # of an app, of the recovery codes


def rotate() -> tuple[int, int]:
    """Encrypts all again with the first key; counts those done and those unreadable."""
    done = failed = 0
    for key in Authenticator.objects.values_list("pk", flat=True):
        try:
            done += _rotate_one(key)
        except crypto.NotReadableError:
            failed += 1
    return done, failed


@transaction.atomic
def _rotate_one(key: int) -> bool:
    # Locked: a recovery code that is used meanwhile stays used.
    rows = Authenticator.objects.select_for_update().filter(pk=key)
    authenticator = rows.first()
    old = {
        name: authenticator.data[name].encode("ascii")
        for name in ENCRYPTED
        if authenticator is not None and name in authenticator.data
    }
    if all(map(crypto.is_current, old.values())):
        return False
    for name, text in old.items():
        authenticator.data[name] = crypto.encrypt_again(text).decode("ascii")
    authenticator.save(update_fields=["data"])
    return True
