"""Forms about people: whom to invite, and what the invited say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)

from frontdesk.staff.models import Invitation, Person
from frontdesk.staff.permissions import Role


class PlainForm(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class InviteForm(PlainForm):
    """Whom, and as what."""

    email = forms.EmailField(
        label="E-mail",
        help_text="They sign in with it.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class RoleForm(PlainForm):
    """A role to change to."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)


class EmailForm(PlainForm):
    """An e-mail to change to."""

    email = forms.EmailField(label="E-mail")


class NameForm(PlainForm):
    """What one is called."""

    name = forms.CharField(
        label="Your name",
        max_length=100,
        help_text="Patients see it when you join their chat.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class AcceptForm(PlainForm):
    """What makes an account; for somebody who has one, the password alone."""

    name = forms.CharField(
        label="Your name",
        max_length=100,
        help_text="Patients see it when you join their chat.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="Your e-mail",
        help_text="You sign in with it.",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="The password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.fields["password"].help_text = " ".join(password_validators_help_texts())
        if invitation.email:
            field = self.fields["email"]
            field.disabled, field.initial = True, invitation.email
        if invitation.person is not None:
            field = self.fields["name"]
            field.disabled, field.initial = True, invitation.person.name

    def clean_email(self) -> str:
        """In small letters, as it is stored.

        Raises:
            ValidationError: if somebody else has it.
        """
        email = str(self.cleaned_data["email"]).lower()
        taken = Person.objects.filter(email=email)
        if self.invitation.person is None and taken.exists():
            raise forms.ValidationError("There is an account with this e-mail already.")
        return email

    def clean(self) -> dict[str, Any]:
        """The password by the rules, and twice the same."""
        values: dict[str, Any] = super().clean() or {}
        password = values.get("password")
        if password:
            self._check(password, values)
            if values.get("again") not in (None, password):
                self.add_error("again", "The two passwords are not the same.")
        return values

    def _check(self, password: str, values: dict[str, Any]) -> None:
        person = Person(email=values.get("email", ""), name=values.get("name", ""))
        try:
            validate_password(password, person)
        except forms.ValidationError as error:
            self.add_error("password", error)
