"""Secrets and folders of one installation: read, checked, made where missing.

Used by ``deploy.settings``.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

KEYS_VARIABLE = "FRONTDESK_ENCRYPTION_KEYS"
SHORTEST_TOKEN = 16
KEY_BYTES = 32  # of Fernet


class SettingsError(ValueError):
    """A setting that can't be used; the message says which and what to do."""


def new_token() -> str:
    """A new secret that nobody can guess."""
    return secrets.token_urlsafe(32)


def make_folder(folder: Path, mode: int = 0o755) -> None:
    """Makes a folder if it is missing.

    Raises:
        SettingsError: says why it can't be made.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{folder}: can't be made ({error.strerror}). Set CLINIC_HOME to a folder "
            f"that you can write."
        ) from error


def read_secret(
    name: str,
    values: Mapping[str, str],
    home: Path,
    *,
    shortest: int = SHORTEST_TOKEN,
    new: Callable[[], str] = new_token,
) -> str:
    """A secret from the environment, else from its file, which is made if missing.

    Args:
        name: of the variable.
        values: the environment.
        home: holds ``secrets/<name in lower case>``.
        shortest: how many characters it needs.
        new: makes a new one.

    Raises:
        SettingsError: says what is wrong with it and what to do.
    """
    folder = home / "secrets"
    file = folder / name.lower()
    secret = values.get(name)
    if not secret:
        make_folder(folder, mode=0o700)
        try:
            _make_secret(file, new)
            secret = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"{file}: can't be read or made ({error.strerror}). Give it to the "
                f"user who starts the program, or set {name}."
            ) from error
    if len(secret) < shortest:
        raise SettingsError(
            f"{name}: write at least {shortest} characters; or unset it and "
            f"remove {file}, and a new one is made."
        )
    return secret


def _make_secret(file: Path, make: Callable[[], str]) -> None:
    """Writes a new secret that only its owner can read; leaves one that is there."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    if file.exists():
        return
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(make() + "\n")
    try:
        # Another process may have been faster: a link never replaces its secret.
        with suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink()


def read_encryption_keys(values: Mapping[str, str], home: Path) -> str:
    """The keys of what the front desk keeps encrypted, with commas between.

    Raises:
        SettingsError: says which of them is none.
    """
    given = read_secret(KEYS_VARIABLE, values, home, shortest=1, new=new_encryption_key)
    keys = [key.strip() for key in given.split(",")]
    for number, key in enumerate(keys, start=1):
        if not _is_encryption_key(key):
            raise SettingsError(
                f"{KEYS_VARIABLE}: key {number} of {len(keys)} is none. A key is 32 "
                f"bytes in URL-safe base64, keys are separated by commas; 'python -m "
                f"frontdesk rotate_keys --new' prints one."
            )
    return ",".join(keys)


def _is_encryption_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key.encode("ascii"))) == KEY_BYTES
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return False


def new_encryption_key() -> str:
    """A new key for what the front desk keeps encrypted."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
