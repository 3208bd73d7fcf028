"""People with an account, and links to make one or to get back into one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from frontdesk.staff.permissions import PERMISSIONS, Permission, Role

INVITATION_VALID = timedelta(days=3)


class People(BaseUserManager["Person"]):
    """Makes accounts."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> Person:
        """A new account; without a password nobody can sign in to it."""
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody of the clinic."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)  # patients see it when they join
    role = models.CharField(max_length=20, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    # Every session carries it: one more, and all of them have ended.
    sessions_ended = models.PositiveIntegerField(default=0)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = People()

    def __str__(self) -> str:
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Whether their role allows it."""
        return self.is_active and permission in PERMISSIONS[self.role]

    def end_sessions(self) -> None:
        """Signs them out everywhere, at once; the caller saves."""
        self.sessions_ended += 1

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """(see parent class) A session is good only while this stays the same."""
        key = "frontdesk.staff.Person.session"
        value = f"{self.password} {self.sessions_ended}"
        sealed = salted_hmac(key, value, secret=secret, algorithm="sha256")
        return sealed.hexdigest()


class Invitations(models.QuerySet["Invitation"]):
    """Finds links."""

    def open(self) -> Invitations:
        """Those that still work."""
        return self.filter(
            used_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
        )


class Invitation(models.Model):
    """A link, good once and for some days, with which a person makes their account.

    With ``person`` it is for somebody who has an account and can't get in.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)  # empty: whoever has the link says which
    role = models.CharField(max_length=20, choices=Role)
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, related_name="new_links"
    )
    invited_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, related_name="invitations"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = Invitations.as_manager()

    def __str__(self) -> str:
        return f"{self.role} {self.email}"

    @classmethod
    def make(
        cls,
        role: str,
        *,
        email: str = "",
        person: Person | None = None,
        invited_by: Person | None = None,
    ) -> tuple[Invitation, str]:
        """A new invitation and its token, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        invitation = cls.objects.create(
            token_hash=hash_of(token),
            email=email.strip().lower(),
            role=Role(role),
            person=person,
            invited_by=invited_by,
            expires_at=timezone.now() + INVITATION_VALID,
        )
        return invitation, token

    @classmethod
    def of_token(cls, token: str) -> Invitation | None:
        """The invitation that a token opens, if it still does."""
        return cls.objects.open().filter(token_hash=hash_of(token)).first()


def hash_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
