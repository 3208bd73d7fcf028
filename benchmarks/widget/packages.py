"""The rivals' npm packages, pinned by version and content; fetched by ``__main__``."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.training import BenchmarkError

PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class Package:
    """One published version of a package."""

    name: str
    version: str
    released: str
    licence: str
    bundle: str  # the file that its README has a page load
    sha512: str  # of the archive, as npm writes it

    @property
    def spec(self) -> str:
        """What npm calls it."""
        return f"{self.name}@{self.version}"


DEEP_CHAT = Package(
    name="deep-chat",
    version="2.4.2",
    released="2026-01-31",  # of its tag
    licence="MIT",
    bundle="package/dist/deepChat.bundle.js",
    sha512="wQNd6Z6HDoH7OMeoQKpmxDm9XdWrRjMkBJ2yl5tsYND9"
    "Dz2UCv/BdGVM8vK2V0mhO1u+OniHYPWDGvjlNxjCeQ==",
)
RASA_WEBCHAT = Package(
    name="rasa-webchat",
    version="1.0.1",
    released="2021-04-15",  # of its change log; nothing has followed
    licence="Apache-2.0",
    bundle="package/lib/index.js",
    sha512="Ld1zVJvTAaTrs6A5p8t70agNNrKYRyXlvqXZRgBoDvKK"
    "UXbA0jhJKECi5bdPGlaR6jsmqWtVylHS+YqIqo0x8w==",
)


def fetch_bundle(package: Package, folder: Path) -> bytes:
    """The script of a package, out of ``folder`` or else from npm.

    Nothing of the package is run here, and none of its dependencies is installed: the
    bundle holds them.

    Args:
        package: what to fetch.
        folder: where the archive is kept for the next time.

    Raises:
        BenchmarkError: if npm is missing, cannot fetch it, or brings something else.
    """
    archive = folder / f"{package.name}-{package.version}.tgz"
    if not archive.exists():
        _ask_npm(package, folder)
    if not archive.exists():
        raise BenchmarkError(f"npm brought no {archive.name} for {package.spec}.")
    found = hashlib.sha512(archive.read_bytes()).digest()
    if base64.b64encode(found).decode() != package.sha512:
        raise BenchmarkError(
            f"{archive} is not the {package.spec} that was measured: remove the file "
            "and try again; if it stays so, the pin in benchmarks/widget/packages.py "
            "is of another content."
        )
    with tarfile.open(archive) as content:
        member = content.extractfile(package.bundle)
        if member is None:
            raise BenchmarkError(f"{package.spec} has no {package.bundle}.")
        return member.read()


def _ask_npm(package: Package, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise BenchmarkError(
            f"npm is missing: install it (Node.js brings it) to fetch {package.spec}."
        )
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", package.spec, "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            [*command, "--loglevel=error", "--ignore-scripts", "--fetch-retries=1"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(
            f"npm did not bring {package.spec} in {PATIENCE_SECONDS} s: no connection?"
        ) from error
    if done.returncode != 0:
        # The first one names the cause, the others advise.
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[0].strip() if lines else f"exit code {done.returncode}"
        raise BenchmarkError(f"npm cannot fetch {package.spec} (offline?): {reason}")
