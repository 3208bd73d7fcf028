"""One's own account, beyond what allauth has pages for."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
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
    return render(request, "staff/name.html", {"form": form})
