"""Gives people access, changes it and takes it away; each step is in the ledger.

Sync; every function is one transaction. What is refused says why, for people.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from frontdesk.audit.ledger import Job, record
from frontdesk.staff.models import Invitation, Person, hash_of
from frontdesk.staff.permissions import Role

COMMAND_LINE = Job("command line")
INVITED = Job("invitation")


class RefusedError(ValueError):
    """It is not done; the words say why, and what to do instead."""


@transaction.atomic
def invite(by: Person | Job, role: str, *, email: str = "") -> tuple[Invitation, str]:
    """A link for a new person, and the token in it.

    Raises:
        RefusedError: if there is such a person already.
    """
    email = email.strip().lower()
    if email and (known := Person.objects.filter(email=email).first()):
        raise RefusedError(
            f"{known} has an account with this e-mail already. Change the role in the "
            f"list, or make a new link there."
        )
    # One link for one person: an older one is worth nothing any more.
    if email:
        _withdraw_all(by, email=email, person=None)
    inviter = by if isinstance(by, Person) else None
    invitation, token = Invitation.make(role, email=email, invited_by=inviter)
    record(by, "invite", f"invitation {invitation.pk}", role=role)
    return invitation, token


@transaction.atomic
def invite_first() -> str | None:
    """The token of a link for the first administrator; None if there are people."""
    if Person.objects.exists():
        return None
    _withdraw_all(COMMAND_LINE, email="", person=None, role=Role.ADMINISTRATOR)
    return invite(COMMAND_LINE, Role.ADMINISTRATOR)[1]


@transaction.atomic
def new_link(by: Person | Job, person: Person) -> tuple[Invitation, str]:
    """A link for somebody who can't get in: a new password, a new second factor.

    Raises:
        RefusedError: if their access has ended, or it is for oneself.
    """
    _not_oneself(by, person, "Change your own password in your account.")
    if not person.is_active:
        raise RefusedError(f"The access of {person} has ended: give it back first.")
    _withdraw_all(by, person=person)
    inviter = by if isinstance(by, Person) else None
    invitation, token = Invitation.make(
        person.role, email=person.email, person=person, invited_by=inviter
    )
    record(by, "new link", f"person {person.pk}", invitation=invitation.pk)
    return invitation, token


@transaction.atomic
def withdraw(by: Person | Job, invitation: Invitation) -> None:
    """The link opens nothing any more."""
    changed = Invitation.objects.open().filter(pk=invitation.pk)
    if changed.update(withdrawn_at=timezone.now()):
        record(by, "withdraw", f"invitation {invitation.pk}")


@transaction.atomic
def accept(token: str, *, name: str, email: str, password: str) -> Person:
    """The account that a link makes, or gets a person back into.

    Raises:
        RefusedError: if the link is no longer good, or the e-mail is taken.
        ValidationError: if the password is too weak.
    """
    invitation = (
        Invitation.objects.open()
        .select_for_update()
        .filter(token_hash=hash_of(token))
        .first()
    )
    if invitation is None:
        raise RefusedError("This link is used up or too old. Ask for a new one.")
    if invitation.person is not None:
        person = _get_back(invitation.person, password)
    else:
        person = _join(invitation, name, invitation.email or email, password)
    invitation.used_at = timezone.now()
    invitation.save(update_fields=["used_at"])
    AxesProxyHandler.reset_attempts(username=person.email)
    record(INVITED, "accept", f"invitation {invitation.pk}", person=person.pk)
    return person


@transaction.atomic
def change_role(by: Person, person: Person, role: str) -> None:
    """Another role from now on; they sign in again.

    Raises:
        RefusedError: for oneself, and for the last administrator.
    """
    _not_oneself(by, person, "Another administrator changes your role.")
    person = _locked(person)
    before, after = person.role, Role(role)
    if before == after:
        return
    person.role = after
    person.end_sessions()
    person.save()
    _somebody_is_left()
    _withdraw_all(by, invited_by=person)  # made with rights they had
    subject = f"person {person.pk}"
    record(by, "change role", subject, before=str(before), after=str(after))


@transaction.atomic
def change_email(by: Person, person: Person, email: str) -> None:
    """What they sign in with from now on, with their password; they sign in again.

    Never for oneself: single sign-on trusts that an e-mail is its owner's.

    Raises:
        RefusedError: for oneself, and if somebody has an account with it.
    """
    _not_oneself(by, person, "Another administrator changes your e-mail.")
    email = email.strip().lower()
    person = _locked(person)
    if person.email == email:
        return
    if known := Person.objects.filter(email=email).first():
        raise RefusedError(f"{known} has an account with this e-mail already.")
    person.email = email
    person.end_sessions()
    person.save()
    # Links on their way to the old address, and one that the new one needs no more.
    _withdraw_all(by, person=person)
    _withdraw_all(by, person=None, email=email)
    record(by, "change e-mail", f"person {person.pk}")


@transaction.atomic
def end_access(by: Person, person: Person) -> None:
    """Nothing works for them any more, at once.

    Raises:
        RefusedError: for oneself, and for the last administrator.
    """
    _not_oneself(by, person, "Another administrator ends your access.")
    person = _locked(person)
    if not person.is_active:
        return
    person.is_active = False
    person.end_sessions()
    person.save()
    _somebody_is_left()
    _withdraw_all(by, person=person)
    # Links that they made and may have kept for themselves.
    _withdraw_all(by, invited_by=person)
    record(by, "end access", f"person {person.pk}")


@transaction.atomic
def give_back(by: Person, person: Person) -> None:
    """They can sign in again, as what they were."""
    person = _locked(person)
    if person.is_active:
        return
    person.is_active = True
    person.save()
    record(by, "give access back", f"person {person.pk}", role=str(person.role))


@transaction.atomic
def rename(person: Person, name: str) -> None:
    """What patients and colleagues call them from now on."""
    person.name = name.strip()
    person.save(update_fields=["name"])
    record(person, "change name", f"person {person.pk}")


def _join(invitation: Invitation, name: str, email: str, password: str) -> Person:
    person = Person(name=name.strip(), email=email.strip().lower())
    if Person.objects.filter(email=person.email).exists():
        raise RefusedError("There is an account with this e-mail already.")
    validate_password(password, person)
    person.role = invitation.role
    person.set_password(password)
    person.save()
    return person


def _get_back(person: Person, password: str) -> Person:
    person = _locked(person)
    if not person.is_active:
        raise RefusedError("Your access has ended. Ask an administrator.")
    validate_password(password, person)
    person.set_password(password)
    person.end_sessions()
    person.save()
    # The phone may be what was lost; a new one is set up next.
    Authenticator.objects.filter(user=person).delete()
    return person


def _locked(person: Person) -> Person:
    return Person.objects.select_for_update().get(pk=person.pk)


def _not_oneself(by: Person | Job, person: Person, instead: str) -> None:
    if isinstance(by, Person) and by.pk == person.pk:
        raise RefusedError(f"Nobody does this to their own account. {instead}")


def _somebody_is_left() -> None:
    """Called in the transaction, behind the change."""
    left = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
    # Locked: two administrators may be at it, each with the other.
    if not list(left.select_for_update()):
        raise RefusedError(
            "This is the last administrator. Make somebody else one first."
        )


def _withdraw_all(by: Person | Job, **which: object) -> None:
    for invitation in Invitation.objects.open().filter(**which):
        withdraw(by, invitation)
