"""Finds the Chromium that the browser tests use; ``python -m tests.widget.chromium``
installs one where that can be done.
"""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that asks nobody anything; no sandbox, because tests may run as root.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW = (
    "There is no Chromium on this machine. As root: apt-get install chromium; "
    "else: python -m playwright install chromium; or set CHROMIUM to its path."
)


def find_chromium(playwright=None):
    """Path of a Chromium: $CHROMIUM, the system's, Playwright's own; else None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found or playwright is None:
        return found
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def launched_browser(*options):
    """A browser while the block runs. Without one, tests are skipped and say how to get
    it; in continuous integration they fail.
    """
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
        options = [*OPTIONS, *options]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def main():
    """Installs a Chromium unless there is one; gives an exit code."""
    with sync_playwright() as playwright:
        found = find_chromium(playwright)
    if found:
        print(f"Chromium: {found}")
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
        subprocess.run(["apt-get", "update"])
        if subprocess.run(install).returncode == 0:
            return 0
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(own).returncode == 0:
        return 0
    print(HOW, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
