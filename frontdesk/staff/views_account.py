"""One's own account, beyond what allauth has pages for."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from frontdesk.staff import accounts
from frontdesk.staff.access import person
from frontdesk.staff.forms import NameForm


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def name(request: HttpRequest) -> HttpResponse:
    """What one is called here."""
    form = NameForm(request.POST or None, initial={"name": person(request).name})
    if form.is_valid():
        accounts.rename(person(request), form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("account_name")
    context = {"form": form, "has_second_factor": is_mfa_enabled(person(request))}
    return render(request, "staff/name.html", context)


class ReauthenticateByPasskey(ReauthenticateWebAuthnView):
    """(see parent class for full docstring)."""

    def form_invalid(self, form: Form) -> HttpResponse:
        """The same page, which says what is wrong; allauth would leave for another."""
        for problem in form.errors.get("credential", []):
            messages.error(self.request, problem)
        return redirect(self.passthrough_next_url(self.request.path))
