"""A link for a new person, from the command line: ``python -m frontdesk invite``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from frontdesk.staff import accounts
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Role


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Prints a link, good once and for three days, with which somebody makes their "
        "account. With the e-mail of somebody who has one: a link to get back in."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument("--role", choices=Role.values, default=Role.VIEWER)
        parser.add_argument("--email", default="", help="whose link it is")
        parser.add_argument(
            "--first",
            action="store_true",
            help="for the first administrator: prints nothing if there is anybody",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        if options["first"]:
            token = accounts.invite_first()
        else:
            token = _token(options["role"], options["email"].strip().lower())
        if token is not None:
            path = reverse("account_invitation", args=[token])
            self.stdout.write(f"{settings.PUBLIC_URL}{path}")


def _token(role: str, email: str) -> str:
    try:
        known = email and Person.objects.filter(email=email).first()
        if known:
            return accounts.new_link(accounts.COMMAND_LINE, known)[1]
        return accounts.invite(accounts.COMMAND_LINE, role, email=email)[1]
    except accounts.RefusedError as error:
        raise CommandError(str(error)) from error
