"""Makes a backup while the front desk runs, and reads one again.

A backup is one file: a tar archive with ``manifest.json`` (when, of what, how many
rows, where the ledger ended, all checksums), the database, and the files beside it
(``backup_files``). Only its owner can read it. The secrets are not in it: without them
nothing encrypted can be opened.
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

from frontdesk.audit import backup_files
from frontdesk.audit.backup_engines import BackupError, Snapshot, engine
from frontdesk.audit.ledger import Job, record

FORMAT = 2
MANIFEST, DATABASE, FILES = "manifest.json", "database", "files"
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
            files = backup_files.collect(folder / FILES)
            manifest = _manifest(snapshot, folder / DATABASE, files)
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
    """Puts the database of a backup, and its files, into a folder.

    Args:
        file: the backup.
        folder: an empty one; gets ``DATABASE`` and ``FILES``.

    Returns:
        The manifest.

    Raises:
        BackupError: if it is no backup, or not as it was made.
    """
    try:
        with tarfile.open(file) as archive:
            manifest = json.loads(_member(archive, MANIFEST).read())
            if manifest.get("format") != FORMAT:
                raise BackupError(f"{file}: made by another version of this program.")
            expected = _expected(manifest)
            found = {name: _unpack(archive, name, folder) for name in expected}
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
        raise BackupError(f"{file}: this is no whole backup ({error}).") from error
    for name, digest in expected.items():
        if found[name] != digest:
            raise BackupError(f"{file}: the {name} in it is not as it was made.")
    return dict(manifest)


def _expected(manifest: dict[str, Any]) -> dict[str, str]:
    """The checksum of each member, by its name."""
    for name in manifest["files"]:
        backup_files.place_of(name)
    files = {f"{FILES}/{name}": digest for name, digest in manifest["files"].items()}
    return {DATABASE: manifest["sha256"], **files}


def _manifest(
    snapshot: Snapshot, database: Path, files: dict[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "engine": snapshot.engine,
        "engine_version": snapshot.version,
        "django": django.get_version(),
        "migrations": snapshot.migrations,
        "rows": snapshot.rows,
        "ledger": snapshot.ledger,
        "sha256": backup_files.digest_of(database),
        "files": files,
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
            for name in manifest["files"]:
                archive.add(folder / FILES / name, f"{FILES}/{name}")
        stream.flush()
        os.fsync(stream.fileno())


def _member(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    if member is None:
        raise BackupError(f"{name} in it is no file.")
    return member


def _unpack(archive: tarfile.TarFile, name: str, folder: Path) -> str:
    """Writes a member where only we can read it; gives its checksum."""
    source, target = _member(archive, name), folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            stream.write(chunk)
        stream.flush()
        if name != DATABASE:
            os.fchmod(handle, archive.getmember(name).mode & 0o777)
        os.fsync(handle)
    return digest.hexdigest()
