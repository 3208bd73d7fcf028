"""Addresses of one's own account: those of allauth that we use, and invitations.

No signing up, no password by e-mail: an administrator makes a link.
"""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path

from frontdesk.staff import views_account, views_invitation

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("name/", views_account.name, name="account_name"),
    path("password/", account.password_change, name="account_change_password"),
    path(
        "invitation/<str:token>/",
        views_invitation.invitation,
        name="account_invitation",
    ),
    path(
        "2fa/webauthn/reauthenticate/",
        views_account.ReauthenticateByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("2fa/", include("allauth.mfa.urls")),
    path("sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
