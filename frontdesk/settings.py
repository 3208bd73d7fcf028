"""Django's settings: the one place where the front desk reads the environment.

``deploy`` passes everything as environment of the process. A secret that is not there
is read from ``$CLINIC_HOME/secrets``; one that is nowhere stops the start.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from clinic.profile import load_clinic
from frontdesk.database_url import parse_database_url

ROOT = Path(__file__).resolve().parent.parent
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


# --- Django -------------------------------------------------------------------------
SECRET_KEY = _secret("FRONTDESK_SECRET_KEY")
DEBUG = False
# Host names are the proxy's matter; nothing here is built from the Host header.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "frontdesk.urls"
ASGI_APPLICATION = "frontdesk.asgi.application"
INSTALLED_APPS = ["corsheaders", "frontdesk.chat"]
# No cookie, no session: a middleware that is not written for async costs a thread a
# request (docs/decisions), so there is none of Django's own here.
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "frontdesk.chat.refusals.answer_refusals",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontdesk" / "site" / "templates"],
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
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own would log a request's details a second time.
    "loggers": {"django.request": {"level": "CRITICAL"}},
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
# Pages that may use the chat from another origin: clinic.yml, website_origins.
ALLOWED_ORIGINS = list(load_clinic().website_origins)
CORS_URLS_REGEX = r"^/chat/"
CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CORS_ALLOW_HEADERS = ["authorization", "content-type", "last-event-id"]
CORS_ALLOW_METHODS = ["GET", "POST", "DELETE", "OPTIONS"]
CORS_EXPOSE_HEADERS = ["retry-after"]

# --- The chat -----------------------------------------------------------------------
SPOOL = CLINIC_HOME / "spool"
CONSENT_VERSION = "2026-11"
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
ORIGINALS_KEPT = timedelta(days=30)
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
