"""What django-allauth asks us: who may get in, and how secrets are kept."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.shortcuts import redirect

from frontdesk.chat import crypto
from frontdesk.staff.lockout import is_locked_out, locked_out_page, place_of
from frontdesk.staff.models import Person

CAN_SIGN_IN = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class InvitedOnly(DefaultAccountAdapter):
    """(see parent class for full docstring)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account by themselves."""
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """The last step of every way in: password, code, passkey, single sign-on."""
        if not isinstance(user, Person) or not user.is_active:
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_inactive"))
        if is_locked_out(request, user):
            clear_login(request)
            page = locked_out_page(request, None, {"email": user.email})
            raise ImmediateHttpResponse(page)
        super().login(request, user)

    def get_client_ip(self, request: HttpRequest) -> str:
        """What allauth's limits count by: seen through our own proxies."""
        return place_of(request) or "unknown"


class SecondFactor(DefaultMFAAdapter):
    """(see parent class for full docstring)."""

    def encrypt(self, text: str) -> str:
        """Keys of authenticator apps and codes lie in the database encrypted."""
        return crypto.encrypt(text).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """(see parent class for full docstring)."""
        return crypto.decrypt(encrypted_text.encode("ascii"))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Where a second factor is required, the last one stays."""
        if not settings.SECOND_FACTOR_REQUIRED:
            return True
        others = Authenticator.objects.filter(
            user=authenticator.user_id, type__in=CAN_SIGN_IN
        )
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(
        self, user: AbstractBaseUser, type: Authenticator.Type
    ) -> str:
        """What a passkey is called until its owner calls it something else."""
        kept = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {kept + 1}"

    def _get_site_name(self) -> str:
        return str(settings.CLINIC.values["name"])


class KnownOnly(DefaultSocialAccountAdapter):
    """Single sign-on: for people who have an account here, and nobody else."""

    def is_open_for_signup(
        self, request: HttpRequest, sociallogin: SocialLogin
    ) -> bool:
        """Nobody makes an account by themselves."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Nothing is connected: who it is says the verified e-mail, each time."""
        if sociallogin.state.get("process") == "connect":
            raise ImmediateHttpResponse(redirect("account_login"))

    def authenticate_by_email(
        self, sociallogin: SocialLogin
    ) -> tuple[Person, str] | None:
        """Whose e-mail it is, if the provider says that it has verified it."""
        for address in sociallogin.email_addresses:
            # Some providers write the truth value as a word: "false" is not true.
            if address.verified not in (True, "true"):
                continue
            email = address.email.strip().lower()
            person = Person.objects.filter(email=email, is_active=True).first()
            if person is not None:
                return person, email
        return None
