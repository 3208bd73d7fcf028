"""Makes a backup while the front desk runs, and reads one again.

A backup is one file: a tar archive with ``manifest.json`` (when, of what, how many
rows, where the ledger ended, the database's checksum) and the database. Only its owner
can read it. The secrets are not in it: without them nothing encrypted can be opened.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import django
from django.db import transaction
from django.utils import timezone

from frontdesk.audit.backup_engines import BackupError, Snapshot, engine
from frontdesk.audit.ledger import Job, record

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
CHUNK = 1 << 20


def make(file: Path) -> dict[str, Any]:
    """Writes a backup, whole or not at all; gives its manifest.

    Raises:
        BackupError: says what is in the way and what to do.
    """
    if file.exists():
        raise BackupError(f"{file} is there already. Choose another name.")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as name:
            folder = Path(name)
            snapshot = engine().dump(folder / DATABASE)
            manifest = _manifest(snapshot, folder / DATABASE)
            _pack(folder, manifest)
            (folder / "archive").rename(file)
    except OSError as error:
        raise BackupError(f"{file}: can't be written ({error.strerror}).") from error
    with transaction.atomic():
        ledger = manifest["ledger"] and manifest["ledger"]["number"]
        digest = manifest["sha256"]
        record(Job("backup"), "backup", "database", ledger=ledger, sha256=digest)
    return manifest


def unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Puts the database of a backup into a folder; gives the manifest.

    Raises:
        BackupError: if it is no backup, or not as it was made.
    """
    try:
        with tarfile.open(file) as archive:
            manifest = json.loads(_member(archive, MANIFEST).read())
            if manifest.get("format") != FORMAT:
                raise BackupError(f"{file}: made by another version of this program.")
            digest = _copy(_member(archive, DATABASE), folder / DATABASE)
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
        raise BackupError(f"{file}: this is no whole backup ({error}).") from error
    if digest != manifest["sha256"]:
        raise BackupError(f"{file}: the database in it is not as it was made.")
    return dict(manifest)


def _manifest(snapshot: Snapshot, database: Path) -> dict[str, Any]:
    with database.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "engine": snapshot.engine,
        "engine_version": snapshot.version,
        "django": django.get_version(),
        "migrations": snapshot.migrations,
        "rows": snapshot.rows,
        "ledger": snapshot.ledger,
        "sha256": digest,
    }


def _pack(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    handle = os.open(folder / "archive", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        with (
            gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as archive,
        ):
            archive.add(folder / MANIFEST, MANIFEST)
            archive.add(folder / DATABASE, DATABASE)
        stream.flush()
        os.fsync(stream.fileno())


def _member(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    if member is None:
        raise BackupError(f"{name} in it is no file.")
    return member


def _copy(source: Any, target: Path) -> str:
    digest = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()
