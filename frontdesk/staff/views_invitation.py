"""What a link opens: a name, a password, and the person is in."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from frontdesk.staff import accounts
from frontdesk.staff.forms import AcceptForm
from frontdesk.staff.models import Invitation, Person


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password", "again")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a link; it needs no account, the token is the key."""
    found = Invitation.of_token(token)
    if found is None:
        return render(request, "staff/no_invitation.html", status=404)
    form = AcceptForm(found, request.POST or None)
    if form.is_valid():
        try:
            return _welcome(request, _accept(token, form))
        except accounts.RefusedError as error:
            form.add_error(None, str(error))
    values = {"form": form, "invitation": found}
    return render(request, "staff/invitation.html", values)


def _accept(token: str, form: AcceptForm) -> Person:
    values = form.cleaned_data
    return accounts.accept(
        token,
        name=values["name"],
        email=values["email"],
        password=values["password"],
    )


# Said where none is required: in the example clinic.
NO_FACTOR = (
    "The example clinic asks nobody for a second factor; you can set one up under "
    "your name, at the top."
)


def _welcome(request: HttpRequest, person: Person) -> HttpResponse:
    # Whoever was signed in on this machine is not this person.
    logout(request)
    # They have just shown who they are: no need to ask again for the second factor.
    record_authentication(request, person, "password", reauthenticated=True)
    get_adapter().login(request, person)
    if settings.SECOND_FACTOR_REQUIRED:
        return redirect("mfa_index")
    messages.success(request, f"Welcome, {person}. {NO_FACTOR}")
    return redirect(settings.LOGIN_REDIRECT_URL)
