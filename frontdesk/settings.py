"""Django's settings: the one place where the front desk reads the environment.

``deploy`` passes everything as environment of the process. A secret that is not there
is read from ``$CLINIC_HOME/secrets``; one that is nowhere stops the start.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from clinic.answers import RESPONSES_FOLDER as RESPONSES_FOLDER
from clinic.profile import clinic_file, load_clinic
from frontdesk.alerts.ladder import ALERT_PREFIX, read_ladder
from frontdesk.chat.periods import read_periods
from frontdesk.database_url import parse_database_url

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
CLINIC_HOME = Path(os.environ.get("CLINIC_HOME") or ROOT / "var").expanduser().resolve()


def _number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}: '{value}' is no number.")
    return int(value)


def _secret(name: str) -> str:
    """A secret from the environment, else from its file in ``secrets``."""
    value = os.environ.get(name)
    if value:
        return value
    file = CLINIC_HOME / "secrets" / name.lower()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: not set, and {file} can't be read ({error.strerror}). Start with "
            f"'make run', which makes the secrets, or set the variable."
        ) from error


def _single_sign_on(issuer: str) -> list[dict[str, Any]]:
    """The provider of single sign-on for allauth; none unless an issuer is named."""
    if not issuer:
        return []
    client = os.environ.get("OIDC_CLIENT_ID")
    secret = os.environ.get("OIDC_CLIENT_SECRET")
    if not client or not secret:
        raise ImproperlyConfigured(
            "OIDC_ISSUER is set: set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too."
        )
    return [
        {
            "provider_id": "sso",
            "name": os.environ.get("OIDC_NAME") or "single sign-on",
            "client_id": client,
            "secret": secret,
            "settings": {"server_url": issuer.rstrip("/")},
        }
    ]


# --- Django -------------------------------------------------------------------------
SECRET_KEY = _secret("FRONTDESK_SECRET_KEY")
SECRET_KEY_FALLBACKS = [
    key.strip()
    for key in (os.environ.get("FRONTDESK_OLD_SECRET_KEYS") or "").split(",")
    if key.strip()
]
DEBUG = False
# Host names are the proxy's matter; nothing here is built from the Host header.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "frontdesk.urls"
ASGI_APPLICATION = "frontdesk.asgi.application"
INSTALLED_APPS = [
    "corsheaders",
    "frontdesk.chat",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "frontdesk.staff",  # its templates come before allauth's
    "frontdesk.audit",
    "frontdesk.inbox",
    "frontdesk.alerts",
    "frontdesk.training",
    "frontdesk.dashboard",
    "frontdesk.answers",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "django_htmx",
]
# Patients: no cookie, no session. A middleware that is not written for async costs a
# thread a request (docs/decisions), so there is none of Django's own (asgi.py).
CHAT_MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "frontdesk.chat.refusals.answer_refusals",
]
# Staff pages.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "frontdesk.staff.errors.AnswerRefusals",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "frontdesk.staff.sessions.StaffSession",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontdesk" / "site" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "frontdesk.staff.frame.frame",
            ]
        },
    }
]
DATABASES = {
    "default": parse_database_url(
        os.environ.get("DATABASE_URL"), CLINIC_HOME / "frontdesk.sqlite3"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own would log a request's details a second time.
    "loggers": {
        "django.request": {"level": "CRITICAL"},
        "axes": {"level": "ERROR"},  # it would log e-mails and addresses
        # It may quote addresses with passwords; frontdesk/alerts says what is wrong.
        "apprise": {"handlers": ["nowhere"], "propagate": False},
    },
}

# --- Our neighbours -----------------------------------------------------------------
RASA_URL = f"http://127.0.0.1:{_number('RASA_PORT', 5005)}"
RASA_AUTH_TOKEN = _secret("RASA_AUTH_TOKEN")
REDIS_URL = os.environ.get("REDIS_URL") or None
TRUSTED_PROXIES = _number("TRUSTED_PROXIES", 0)
# The first key encrypts, all decrypt (frontdesk/chat/crypto.py).
ENCRYPTION_KEYS = [
    key.strip()
    for key in _secret("FRONTDESK_ENCRYPTION_KEYS").split(",")
    if key.strip()
]
CLINIC = load_clinic()
# Pages that may use the chat from another origin: clinic.yml, website_origins.
ALLOWED_ORIGINS = list(CLINIC.website_origins)
CORS_URLS_REGEX = r"^/chat/"
CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CORS_ALLOW_HEADERS = ["authorization", "content-type", "last-event-id"]
CORS_ALLOW_METHODS = ["GET", "POST", "DELETE", "OPTIONS"]
CORS_EXPOSE_HEADERS = ["retry-after"]

# --- The chat -----------------------------------------------------------------------
SPOOL = CLINIC_HOME / "spool"
CONSENT_VERSION = "2026-11"
CONSENT_VERSION_SPANISH = "2026-11-es"  # of its own words, counted up with them
MAX_TEXT = 4000  # characters of one message
MAX_BODY = 32 * 1024  # bytes of one request
BODY_SECONDS = 5.0  # time a client has to send its body
SEND_SECONDS = 30.0  # time a client has to take what it is sent
URGENT_SECONDS = 0.2  # what the database has before an urgent text goes out without it
RASA_SECONDS = 5.0  # longer, and the fallback answers
SECOND_OPINION_SECONDS = 0.2  # what Rasa has where only a phrase spoke
# A phrase and a model as sure as this need nobody's second opinion: of 400 near misses
# in tests/nlu one is alarmed about so, of 300 urgent messages 199.
CERTAIN_PROBABILITY = 0.9
LEASE_SECONDS = 15.0  # how long one gateway may work on a conversation's answer
RECOVERY_SECONDS = 5.0  # how often unanswered messages and the spool are looked for
HEARTBEAT_SECONDS = 15.0  # of a stream
SESSION_IDLE = timedelta(hours=24)
SESSION_ABSOLUTE = timedelta(days=7)
KEPT = read_periods(CLINIC.values.get("kept_days"), clinic_file())
ORIGINALS_KEPT = KEPT["originals"]
RETENTION_SECONDS = 3600.0  # how often what is past its period is looked for
DATABASE_THREADS = 4
DATABASE_SECONDS = 8.0  # longer, and the database counts as down
LIMITS = {
    "message_session": 20,  # a minute
    "message_address": 60,
    "session_address": 20,
    "streams_session": 6,
    "streams_address": 60,
    "streams": 2000,
}

# --- Urgent alerts ------------------------------------------------------------------
URGENT_LADDER = read_ladder(CLINIC.values.get("urgent_alerts"), clinic_file())
# Addresses for Apprise, with passwords: ALERT_CHANNEL_SMS=twilio://...
ALERT_CHANNELS = {
    name: value for name, value in os.environ.items() if name.startswith(ALERT_PREFIX)
}
ALERT_SECONDS = 0.5  # how often what is due is looked for
ALERT_SEND_SECONDS = 10.0  # longer, and a channel has failed
ALERT_LEASE_SECONDS = 20.0  # how long one gateway may be sending

# --- Staff --------------------------------------------------------------------------
# The example clinic is tried out on one's own machine, without encryption.
DEMO = bool(CLINIC.values.get("example"))
AUTH_USER_MODEL = "staff.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses who is locked out; first of all
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "inbox:queue"
ACCOUNT_ADAPTER = "frontdesk.staff.adapter.InvitedOnly"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # who has the invitation has shown who they are
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Above what axes allows from one place: these stop many places at once. Counted in the
# cache: in Redis for all processes together, else in each process.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip,30/15m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
CACHES = {
    "default": {
        "BACKEND": "frontdesk.staff.redis_cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "staff",
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
MFA_ADAPTER = "frontdesk.staff.adapter.SecondFactor"
MFA_FORMS = {
    "login_webauthn": "frontdesk.staff.forms_passkey.PasskeyForm",
    "authenticate_webauthn": "frontdesk.staff.forms_passkey.SecondFactorForm",
    "reauthenticate_webauthn": "frontdesk.staff.forms_passkey.ReauthenticationForm",
    "add_webauthn": "frontdesk.staff.forms_passkey.AddPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = CLINIC.values["name"]
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO
SECOND_FACTOR_REQUIRED = not DEMO
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "frontdesk.staff.lockout.email_of"
AXES_CLIENT_IP_CALLABLE = "frontdesk.staff.lockout.place_of"
AXES_LOCKOUT_CALLABLE = "frontdesk.staff.lockout.locked_out_page"
AXES_SENSITIVE_PARAMETERS = ["password", "code", "credential", "csrfmiddlewaretoken"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else others keep one out
AXES_DISABLE_ACCESS_LOG = True  # the ledger has it
AXES_VERBOSE = False
# Single sign-on: people who have an account here, by the e-mail that the provider has
# verified. The address to give to the provider as redirect URI:
# <PUBLIC_URL>/staff/account/sso/sso/login/callback/
OIDC_ISSUER = os.environ.get("OIDC_ISSUER") or ""
SOCIALACCOUNT_ADAPTER = "frontdesk.staff.adapter.KnownOnly"
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_LOGIN_ON_GET = True  # form-action 'self' would stop a form's redirect
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": _single_sign_on(OIDC_ISSUER)}
}
# Mail: invitations, if a server is named; without one their links are only shown.
EMAIL_HOST = os.environ.get("EMAIL_HOST") or ""
EMAIL_PORT = _number("EMAIL_PORT", 587)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = EMAIL_PORT == 587
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = (
    os.environ.get("EMAIL_FROM") or EMAIL_HOST_USER or "staff@localhost"
)
EMAIL_BACKEND = (
    f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
)
# How staff reach the pages, for links that are not in a page: mails, command line.
PUBLIC_URL = (
    os.environ.get("PUBLIC_URL") or f"http://localhost:{_number('PORT', 8000)}"
).rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]  # whatever Host a proxy hands on
SESSION_COOKIE_NAME = "staff_session"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/staff/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 8 * 3600  # seconds; counted from signing in (staff/sessions.py)
CSRF_FAILURE_VIEW = "frontdesk.staff.errors.form_too_old"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
STAFF_IDLE = timedelta(minutes=60)
TAKEOVER_IDLE = timedelta(minutes=10)  # without a word of staff, and it ends
TAKEOVER_LOST = timedelta(seconds=60)  # without a sign of the staff's browser
SECURE_HSTS_SECONDS = 0 if DEMO else 31_536_000
SECURE_SSL_REDIRECT = not DEMO
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The clinic's other hosts are not ours to bind: no subdomains, no preload list.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
STATIC_URL = "/staff/static/"
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],  # the square to scan for an authenticator app
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
