"""Who may do what: the one place where roles and permissions are written down."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.db.models import TextChoices


class Permission(StrEnum):
    """Something that not everybody may do."""

    READ = "read conversations, queue and dashboard"
    ANSWER = "take hand-offs, join conversations, acknowledge alerts"
    REVEAL = "see what redaction took out, giving a reason"
    REVIEW = "note, tag, flag and mark conversations as reviewed"
    ERASE = "export and erase a conversation on request"
    TRAIN = "correct, propose and train"
    PROMOTE = "let a model go live, and roll back"
    EDIT_ANSWERS = "edit approved answers"
    BLOCK_ANSWERS = "take an answer out of service at once"
    APPROVE = "approve answers and settle safety cases"
    MANAGE_PEOPLE = "invite people, change roles, end access"
    READ_LEDGER = "read the audit log"


class Role(TextChoices):
    """What a person is here; each one has exactly one."""

    VIEWER = "viewer", "Viewer"
    RESPONDER = "responder", "Responder"
    TRAINER = "trainer", "Trainer"
    CLINICIAN = "clinician", "Clinician"
    ADMINISTRATOR = "administrator", "Administrator"


_VIEWER = {Permission.READ}
_RESPONDER = _VIEWER | {
    Permission.ANSWER,
    Permission.REVEAL,
    Permission.REVIEW,
    Permission.BLOCK_ANSWERS,
}
_TRAINER = _VIEWER | {
    Permission.REVIEW,
    Permission.TRAIN,
    Permission.EDIT_ANSWERS,
    Permission.BLOCK_ANSWERS,
}
# Letting a model go live is nobody's who only trains: what was learned is released by
# somebody who answers for patients or the installation. The gate stands before both.
_CLINICIAN = _RESPONDER | _TRAINER | {Permission.APPROVE, Permission.PROMOTE}
# Not approving: whoever runs the accounts does not decide what is clinically right. For
# the same reason one of the two who set the gate aside is a clinician (training).
_ADMINISTRATOR = set(Permission) - {Permission.APPROVE}

PERMISSIONS: dict[Any, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.RESPONDER: frozenset(_RESPONDER),
    Role.TRAINER: frozenset(_TRAINER),
    Role.CLINICIAN: frozenset(_CLINICIAN),
    Role.ADMINISTRATOR: frozenset(_ADMINISTRATOR),
}
