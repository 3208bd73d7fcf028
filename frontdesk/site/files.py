"""Script, style and picture files, made small once and kept in memory.

The widget's scripts go out as one: a browser asks once, and never mixes two versions.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import rjsmin

from frontdesk.site.modules import join_modules

CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class ServedFile:
    """One file as it goes out."""

    body: bytes
    zipped: bytes
    content_type: str
    etag: str


class FileFolder:
    """The files of one folder; read again when one of them changes."""

    def __init__(self, folder: Path, *, entry: str | None = None) -> None:
        """Reads the folder.

        Args:
            folder: holds scripts, styles and pictures, no folders.
            entry: the script that a page names; what it imports is joined to it, and no
                other script is served.

        Raises:
            FileNotFoundError: if the folder is missing.
            ModuleError: if the scripts can't be joined.
        """
        self._folder = folder
        self._entry = entry
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[str, int], ...] | None = None
        self._files: dict[str, ServedFile] = {}
        self.version = ""
        self.refresh()

    def get(self, name: str) -> ServedFile | None:
        """The file of that name, or None."""
        return self._files.get(name)

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        return sorted(self._files)

    def refresh(self) -> None:
        """Reads the files again if one was changed, added or removed.

        Raises:
            ModuleError: if the scripts can't be joined.
        """
        paths = sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix in CONTENT_TYPES and path.is_file()
        )
        stamp = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        with self._lock:
            if stamp == self._stamp:
                return
            texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
            if self._entry is not None:
                others = {name: texts[name] for name in texts if not _is_script(name)}
                texts = {**others, self._entry: join_modules(texts, self._entry)}
            self.version = _hash_of(
                "".join(f"{name}\0{text}\0" for name, text in texts.items())
            )
            self._files = {name: _served(name, text) for name, text in texts.items()}
            self._stamp = stamp


def _is_script(name: str) -> bool:
    return name.endswith(".js")


def _served(name: str, text: str) -> ServedFile:
    small = rjsmin.jsmin(text) if _is_script(name) else text
    body = small.encode("utf-8")
    return ServedFile(
        body=body,
        zipped=gzip.compress(body, 9, mtime=0),
        content_type=CONTENT_TYPES[Path(name).suffix],
        etag=f'W/"{_hash_of(small)}"',
    )


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
