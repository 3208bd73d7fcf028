"""The one place where ``deploy`` reads the environment; makes ``var/`` and secrets.

``.env.example`` lists every variable. A file ``.env`` is read too; what the
environment says wins.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PORTS = {"PORT": 8000, "RASA_PORT": 5005, "ACTIONS_PORT": 5055}
TOKEN_VARIABLE = "RASA_AUTH_TOKEN"
SHORTEST_TOKEN = 16
VARIABLES = (*PORTS, "CLINIC_HOME", "CLINIC_FILE", TOKEN_VARIABLE)


class SettingsError(ValueError):
    """A setting that can't be used; the message says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything that the processes of one installation need to know."""

    home: Path
    clinic_file: Path
    port: int
    rasa_port: int
    actions_port: int
    auth_token: str

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

    def child_environment(self, *, with_token: bool) -> dict[str, str]:
        """Environment of a process that we start; the token only where it is needed."""
        environment = dict(os.environ)
        environment.pop(TOKEN_VARIABLE, None)
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
    ports = {name: _port(name, values.get(name)) for name in PORTS}
    if len(set(ports.values())) < len(ports):
        raise SettingsError(f"{', '.join(ports)}: give each a port of its own.")
    home = Path(values.get("CLINIC_HOME") or ROOT / "var").expanduser().resolve()
    _make_folder(home)
    _make_folder(home / "log")
    clinic_file = Path(values.get("CLINIC_FILE") or ROOT / "clinic.yml")
    return Settings(
        home=home,
        clinic_file=clinic_file.expanduser().resolve(),
        port=ports["PORT"],
        rasa_port=ports["RASA_PORT"],
        actions_port=ports["ACTIONS_PORT"],
        auth_token=_secret(TOKEN_VARIABLE, values, home),
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


def _port(name: str, value: str | None) -> int:
    if value is None:
        return PORTS[name]
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SettingsError(f"{name}: '{value}' is no port; write 1 to 65535.")
    return int(value)


def _make_folder(folder: Path, mode: int = 0o755) -> None:
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folder}: can't be made ({error.strerror}). Set CLINIC_HOME to a folder "
            f"that you can write."
        ) from error


def _secret(name: str, values: Mapping[str, str], home: Path) -> str:
    """A secret from the environment, else from its file, which is made if missing."""
    folder = home / "secrets"
    file = folder / name.lower()
    secret = values.get(name)
    if not secret:
        _make_folder(folder, mode=0o700)
        try:
            _make_secret(file)
            secret = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"{file}: can't be read or made ({error.strerror}). Give it to the "
                f"user who starts the program, or set {name}."
            ) from error
    if len(secret) < SHORTEST_TOKEN:
        raise SettingsError(
            f"{name}: write at least {SHORTEST_TOKEN} characters; or unset it and "
            f"remove {file}, and a new one is made."
        )
    return secret


def _make_secret(file: Path) -> None:
    """Writes a new secret that only its owner can read; leaves one that is there."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    if file.exists():
        return
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(secrets.token_urlsafe(32) + "\n")
    try:
        # Another process may have been faster: a link never replaces its secret.
        os.link(new, file)
    except FileExistsError:
        pass
    finally:
        new.unlink()
