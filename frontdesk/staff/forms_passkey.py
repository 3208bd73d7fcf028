"""Signing in with a passkey: allauth's forms, with their failures in the ledger."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm
from django.core.exceptions import ValidationError

from frontdesk.audit.ledger import record
from frontdesk.staff.records import SIGN_IN

# What the library raises on an answer that no browser would send.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class _Recorded:
    """Whose passkey it claims to be is anybody's word: only who is known is named."""

    user: Any

    def clean_credential(self) -> Authenticator:
        """(see parent class for full docstring)."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (ValidationError, *MALFORMED) as error:
            subject = f"person {self.user.pk}" if self.user else "unknown passkey"
            record(SIGN_IN, "sign-in failed", subject, by="passkey")
            if isinstance(error, ValidationError):
                raise
            raise get_adapter().validation_error("incorrect_code") from error


class PasskeyForm(_Recorded, LoginWebAuthnForm):
    """Signing in with it alone."""


class SecondFactorForm(_Recorded, AuthenticateWebAuthnForm):
    """Behind the password."""
