"""Passkeys: allauth's forms, with their failures in the ledger and never a crash."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django.core.exceptions import ValidationError

from frontdesk.audit.ledger import record
from frontdesk.staff.records import SIGN_IN

# What the library raises on an answer that no browser would send.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
NOT_ACCEPTED = "This passkey was not accepted. Please try again."


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
            if getattr(error, "code", "") == "too_many_login_attempts":
                raise
            raise ValidationError(NOT_ACCEPTED, code="incorrect_code") from error


class PasskeyForm(_Recorded, LoginWebAuthnForm):
    """Signing in with it alone."""


class SecondFactorForm(_Recorded, AuthenticateWebAuthnForm):
    """Behind the password."""


class ReauthenticationForm(_Recorded, ReauthenticateWebAuthnForm):
    """Once more, before a change to one's own account."""


class AddPasskeyForm(AddWebAuthnForm):
    """A new one."""

    def clean(self) -> dict[str, Any]:
        """(see parent class for full docstring)."""
        try:
            return dict(super().clean())
        except (ValidationError, *MALFORMED) as error:
            raise ValidationError(NOT_ACCEPTED, code="incorrect_code") from error
