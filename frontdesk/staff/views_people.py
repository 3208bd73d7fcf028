"""The people with an account: invitations, roles, and the end of access."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from frontdesk.staff import accounts, presenter
from frontdesk.staff.access import needs, person
from frontdesk.staff.forms import EmailForm, InviteForm, RoleForm
from frontdesk.staff.models import Invitation, Person
from frontdesk.staff.permissions import Permission


@require_safe
@needs(Permission.MANAGE_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Who has access, and as what; who is invited."""
    return _page(request, InviteForm())


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def invite(request: HttpRequest) -> HttpResponse:
    """Makes a link for somebody new and shows it, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        invitation, token = accounts.invite(person(request), role, email=email)
    except accounts.RefusedError as error:
        form.add_error("email", str(error))
        return _page(request, form, status=422)
    return _show_link(request, invitation, token)


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def withdraw(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Makes a link worthless."""
    invitation = get_object_or_404(Invitation.objects.open(), pk=invitation_id)
    accounts.withdraw(person(request), invitation)
    messages.success(request, "The invitation is withdrawn: its link opens nothing.")
    return redirect("staff:people")


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def change_role(request: HttpRequest, person_id: int) -> HttpResponse:
    """Makes a person something else."""
    get_object_or_404(Person, pk=person_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such role.")
        return redirect("staff:people")
    role = form.cleaned_data["role"]
    return _change(
        request,
        person_id,
        lambda by, whom: accounts.change_role(by, whom, role),
        "{} has another role from now on, and signs in again.",
    )


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def change_email(request: HttpRequest, person_id: int) -> HttpResponse:
    """Has a person sign in with another e-mail."""
    get_object_or_404(Person, pk=person_id)
    form = EmailForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Not changed: that is no e-mail address.")
        return redirect("staff:people")
    email = form.cleaned_data["email"]
    return _change(
        request,
        person_id,
        lambda by, whom: accounts.change_email(by, whom, email),
        "{} signs in with the new e-mail from now on.",
    )


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def end_access(request: HttpRequest, person_id: int) -> HttpResponse:
    """Shuts a person out, at once."""
    done = "{} has no access any more, and is signed out everywhere."
    return _change(request, person_id, accounts.end_access, done)


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def give_back(request: HttpRequest, person_id: int) -> HttpResponse:
    """Lets a person in again."""
    return _change(request, person_id, accounts.give_back, "{} can sign in again.")


@require_POST
@needs(Permission.MANAGE_PEOPLE)
def new_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """A link for somebody who lost their password or their phone; shown this once."""
    whom = get_object_or_404(Person, pk=person_id)
    try:
        invitation, token = accounts.new_link(person(request), whom)
    except accounts.RefusedError as error:
        messages.error(request, str(error))
        return redirect("staff:people")
    return _show_link(request, invitation, token)


def _change(
    request: HttpRequest,
    person_id: int,
    deed: Callable[[Person, Person], None],
    done: str,
) -> HttpResponse:
    whom = get_object_or_404(Person, pk=person_id)
    try:
        deed(person(request), whom)
    except accounts.RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done.format(whom))
    return redirect("staff:people")


def _page(request: HttpRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    everybody = Person.objects.order_by("-is_active", "name")
    waiting = Invitation.objects.open().select_related("invited_by", "person")
    values = {
        "form": form,
        "people": presenter.people(everybody, person(request)),
        "invitations": waiting.order_by("expires_at"),
        "roles": presenter.roles(),
    }
    return render(request, "staff/people.html", values, status=status)


def _show_link(
    request: HttpRequest, invitation: Invitation, token: str
) -> HttpResponse:
    path = reverse("account_invitation", args=[token])
    link = request.build_absolute_uri(path)
    values = {
        "invitation": invitation,
        "link": link,
        "is_sent": _send(invitation, settings.PUBLIC_URL + path),
    }
    answer = render(request, "staff/invited.html", values)
    answer["Cache-Control"] = "no-store"
    return answer


def _send(invitation: Invitation, link: str) -> bool:
    """Whether the link went out as a mail: where a mail server is named."""
    if not settings.EMAIL_HOST or not invitation.email:
        return False
    words = presenter.invitation_mail(link)
    try:
        return bool(send_mail(*words, None, [invitation.email]))
    except OSError:
        # The link is shown all the same.
        return False
