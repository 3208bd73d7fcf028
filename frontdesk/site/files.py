"""Script, style and picture files, made small once and kept in memory.

Scripts name each other by ``./name.js``. They are served under a name that changes with
their content, so that a browser may keep them for ever and never mixes two versions.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import rjsmin

CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# import … from"./view.js", import"./view.js", import("./view.js")
_IMPORT = re.compile(r"""(\b(?:from|import)\s*\(?\s*["'])\./([\w-]+\.js)(?=["'])""")


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
            entry: the script that a page names; it keeps its plain name.

        Raises:
            FileNotFoundError: if the folder or the entry is missing.
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
        """Reads the files again if one was changed, added or removed."""
        paths = sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix in CONTENT_TYPES and path.is_file()
        )
        stamp = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        with self._lock:
            if stamp == self._stamp:
                return
            contents = {path.name: _made_small(path) for path in paths}
            if self._entry is not None and self._entry not in contents:
                raise FileNotFoundError(f"{self._folder / self._entry}: not found.")
            self.version = _hash_of(
                "".join(f"{name}\0{text}\0" for name, text in contents.items())
            )
            self._files = {
                name: _served(name, self._with_versions(text))
                for name, text in contents.items()
            }
            self._stamp = stamp

    def _with_versions(self, text: str) -> str:
        def versioned(found: re.Match[str]) -> str:
            # The entry under a second name would be a second module.
            version = "" if found[2] == self._entry else f"?v={self.version}"
            return f"{found[1]}./{found[2]}{version}"

        return _IMPORT.sub(versioned, text)


def _made_small(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return rjsmin.jsmin(text) if path.suffix == ".js" else text


def _served(name: str, text: str) -> ServedFile:
    body = text.encode("utf-8")
    return ServedFile(
        body=body,
        zipped=gzip.compress(body, 9, mtime=0),
        content_type=CONTENT_TYPES[Path(name).suffix],
        etag=f'W/"{_hash_of(text)}"',
    )


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
