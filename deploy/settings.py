"""The one place where ``deploy`` reads the environment; makes ``var/`` and secrets.

``.env.example`` lists every variable. A file ``.env`` is read too; what the
environment says wins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.secret_files import (
    KEYS_VARIABLE,
    SettingsError,
    make_folder,
    read_encryption_keys,
    read_secret,
)

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PORTS = {"PORT": 8000, "RASA_PORT": 5005, "ACTIONS_PORT": 5055}
TOKEN_VARIABLE = "RASA_AUTH_TOKEN"
SECRET_KEY_VARIABLE = "FRONTDESK_SECRET_KEY"
SHORTEST_SECRET_KEY = 32
ADDRESSES = {  # how an address must begin
    "DATABASE_URL": ("postgres://", "postgresql://", "sqlite:///"),
    "REDIS_URL": ("redis://", "rediss://", "unix://"),
}
MOST_PROXIES = 10
# About staff: passed on as they are (frontdesk/settings.py).
STAFF_VARIABLES = (
    "FRONTDESK_OLD_SECRET_KEYS",
    "PUBLIC_URL",
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_FROM",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_NAME",
)
# Known to the front desk alone: the other processes need none of it.
FRONT_DESK_VARIABLES = (
    *ADDRESSES,
    SECRET_KEY_VARIABLE,
    KEYS_VARIABLE,
    "TRUSTED_PROXIES",
    *STAFF_VARIABLES,
)
# Any name may follow: where urgent alerts go, for the front desk alone.
ALERT_CHANNEL = "ALERT_CHANNEL_"
VARIABLES = (
    *PORTS,
    "CLINIC_HOME",
    "CLINIC_FILE",
    TOKEN_VARIABLE,
    *FRONT_DESK_VARIABLES,
)


@dataclass(frozen=True)
class Settings:
    """Everything that the processes of one installation need to know."""

    home: Path
    clinic_file: Path
    port: int
    rasa_port: int
    actions_port: int
    auth_token: str = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: str = field(repr=False)
    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    trusted_proxies: int
    alert_channels: dict[str, str] = field(default_factory=dict, repr=False)
    staff: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def logs(self) -> Path:
        """Folder of the processes' log files."""
        return self.home / "log"

    @property
    def handoffs(self) -> Path:
        """Where the terminal chat writes hand-offs, one a line."""
        return self.home / "handoffs.jsonl"

    @property
    def models(self) -> Path:
        """Folder of the trained models."""
        return ROOT / "models"

    @property
    def rasa_url(self) -> str:
        """Address of the Rasa server."""
        return f"http://{HOST}:{self.rasa_port}"

    @property
    def actions_url(self) -> str:
        """Address of the action server."""
        return f"http://{HOST}:{self.actions_port}"

    @property
    def url(self) -> str:
        """Address of the pages, for people."""
        return f"http://localhost:{self.port}"

    @property
    def front_desk_url(self) -> str:
        """Address of the front desk, for programs."""
        return f"http://{HOST}:{self.port}"

    def child_environment(self, *, with_token: bool) -> dict[str, str]:
        """Environment of a process that we start; the token only where it is needed."""
        environment = dict(os.environ)
        for name in (TOKEN_VARIABLE, *FRONT_DESK_VARIABLES):
            environment.pop(name, None)
        for name in _alert_channels(environment):
            del environment[name]
        environment |= {
            "PORT": str(self.port),
            "RASA_PORT": str(self.rasa_port),
            "ACTIONS_PORT": str(self.actions_port),
            "CLINIC_HOME": str(self.home),
            "CLINIC_FILE": str(self.clinic_file),
            "PYTHONUNBUFFERED": "1",
            "RASA_TELEMETRY_ENABLED": "false",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "PYTHONWARNINGS": "ignore::DeprecationWarning",
        }
        if with_token:
            environment[TOKEN_VARIABLE] = self.auth_token
        return environment

    def front_desk_environment(self) -> dict[str, str]:
        """Environment of the front desk: all secrets, and where its data lie."""
        own = {
            SECRET_KEY_VARIABLE: self.secret_key,
            KEYS_VARIABLE: self.encryption_keys,
            "DATABASE_URL": self.database_url or "",
            "REDIS_URL": self.redis_url or "",
            "TRUSTED_PROXIES": str(self.trusted_proxies),
            "DJANGO_SETTINGS_MODULE": "frontdesk.settings",
        }
        environment = self.child_environment(with_token=True)
        return environment | self.alert_channels | self.staff | own


def load_settings(
    environ: Mapping[str, str] | None = None, *, env_file: Path = ROOT / ".env"
) -> Settings:
    """Reads the settings, and makes the folders and secrets that are missing.

    Raises:
        SettingsError: names the variable or folder and what to do.
    """
    given = os.environ if environ is None else environ
    values = read_env_file(env_file)
    values |= {name: given[name] for name in VARIABLES if given.get(name)}
    values |= _alert_channels(given)
    ports = {name: _port(name, values.get(name)) for name in PORTS}
    if len(set(ports.values())) < len(ports):
        raise SettingsError(f"{', '.join(ports)}: give each a port of its own.")
    home = Path(values.get("CLINIC_HOME") or ROOT / "var").expanduser().resolve()
    make_folder(home)
    make_folder(home / "log")
    clinic_file = Path(values.get("CLINIC_FILE") or ROOT / "clinic.yml")
    return Settings(
        home=home,
        clinic_file=clinic_file.expanduser().resolve(),
        port=ports["PORT"],
        rasa_port=ports["RASA_PORT"],
        actions_port=ports["ACTIONS_PORT"],
        auth_token=read_secret(TOKEN_VARIABLE, values, home),
        secret_key=read_secret(
            SECRET_KEY_VARIABLE, values, home, shortest=SHORTEST_SECRET_KEY
        ),
        encryption_keys=read_encryption_keys(values, home),
        database_url=_address("DATABASE_URL", values),
        redis_url=_address("REDIS_URL", values),
        trusted_proxies=_trusted_proxies(values.get("TRUSTED_PROXIES")),
        alert_channels=_alert_channels(values),
        staff={name: values[name] for name in STAFF_VARIABLES if name in values},
    )


def read_env_file(file: Path) -> dict[str, str]:
    """The ``NAME=value`` lines of a file; none if there is no such file.

    Raises:
        SettingsError: names the line that can't be read.
    """
    if not file.is_file():
        return {}
    values = {}
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise SettingsError(f"{file}: line {number}: write NAME=value.")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        if value:
            values[name.strip()] = value
    return values


def _alert_channels(values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in values.items()
        if name.startswith(ALERT_CHANNEL) and value
    }


def _port(name: str, value: str | None) -> int:
    if value is None:
        return PORTS[name]
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SettingsError(f"{name}: '{value}' is no port; write 1 to 65535.")
    return int(value)


def _address(name: str, values: Mapping[str, str]) -> str | None:
    value = values.get(name)
    beginnings = ADDRESSES[name]
    if value and not value.startswith(beginnings):
        # The value may hold a password: it is not repeated.
        raise SettingsError(
            f"{name}: must begin with {' or '.join(beginnings)}; unset it to use what "
            f"is built in."
        )
    return value or None


def _trusted_proxies(value: str | None) -> int:
    if not value:
        return 0
    if not value.isdecimal() or int(value) > MOST_PROXIES:
        raise SettingsError(
            f"TRUSTED_PROXIES: '{value}': write how many proxies of yours a request "
            f"passes before it gets here, 0 to {MOST_PROXIES}."
        )
    return int(value)
