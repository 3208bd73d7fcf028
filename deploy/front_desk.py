"""Starts and stops the front desk: the database's shape, then its server.

Used by ``deploy.run``; alone, without the assistant: ``python -m deploy.front_desk``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from clinic.profile import ClinicFileError, load_clinic
from deploy.assistant import StartError
from deploy.processes import (
    Child,
    PortLock,
    PortTakenError,
    check_port,
    stop_on_signals,
)
from deploy.settings import HOST, ROOT, Settings, SettingsError, load_settings

SECONDS_TO_START = 60
SECONDS_TO_MIGRATE = 120
SECONDS_BETWEEN_NEWS = 5
ASSISTANT = "assistant"
OK = "ok"


class FrontDesk:
    """The front desk of one installation as a child process."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None] = print):
        """Starts nothing yet.

        Args:
            settings: of this installation.
            say: shows a line of progress.
        """
        self.settings = settings
        self.log = settings.logs / "frontdesk.log"
        self.children: list[Child] = []
        self._link: subprocess.Popen[str] | None = None
        self._say = say
        self._lock = PortLock(settings.home, settings.port, "PORT", "front desk")

    def claim(self) -> None:
        """Refuses early what would make the start fail late.

        Raises:
            PortTakenError, ClinicFileError: with one line on what to do.
        """
        load_clinic(self.settings.clinic_file)
        self._lock.acquire()
        check_port(self.settings.port, "PORT")

    def launch(self) -> None:
        """Brings the database up to date and starts the server.

        Raises:
            StartError, PortTakenError, ClinicFileError: with one line on what to do.
        """
        try:
            self.claim()
            self._say("Starting the front desk …")
            self._migrate()
            self.children = [self._server()]
            self.children[0].start()
            self._ask_for_first_link()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, *, alone: bool = False) -> None:
        """Waits until it can serve patients.

        Args:
            alone: it may start though the assistant does not answer.

        Raises:
            StartError: says which part is not ready and why.
        """
        try:
            self._wait(alone)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops it; safe to call twice."""
        for child in self.children:
            child.stop()
        if self._link is not None:
            self._link.kill()
        self._lock.release()

    def parts(self) -> dict[str, str] | None:
        """Each part with ``ok`` or what is wrong; None while nothing answers."""
        request = urllib.request.Request(
            f"{self.settings.front_desk_url}/readyz",
            headers={"Authorization": f"Bearer {self.settings.auth_token}"},
        )
        # Loopback is never reached through a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                return json.loads(answer.read())["parts"]
        except urllib.error.HTTPError as error:
            return _parts_of(error)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _server(self) -> Child:
        command = [sys.executable, "-m", "frontdesk", "serve"]
        command += ["--host", HOST, "--port", str(self.settings.port)]
        environment = self.settings.front_desk_environment()
        return Child("front desk", command, self.log, environment)

    def _migration(self) -> Child:
        command = [sys.executable, "-m", "frontdesk", "migrate", "--no-input"]
        environment = self.settings.front_desk_environment()
        return Child("migration", command, self.log, environment)

    def staff_addresses(self) -> str:
        """Where staff sign in, and how the first of them gets an account."""
        lines = [f"  staff pages       {self.settings.url}/staff/"]
        if load_clinic(self.settings.clinic_file).values.get("example"):
            lines += ["  made-up patients  make demo, in another terminal"]
        elif not self.settings.trusted_proxies:
            lines += [
                "  They need https outside of the example clinic: put a proxy of yours",
                "  before this port, with X-Forwarded-Proto, and set TRUSTED_PROXIES.",
            ]
        link = self.first_link()
        if link:
            lines += [
                "  There is no staff account yet. This link makes the first one, an",
                "  administrator's; it works once, for three days:",
                f"    {link}",
            ]
        return "\n".join(lines)

    def first_link(self) -> str | None:
        """The link that makes the first staff account; None if there are people."""
        if self._link is None:
            return None
        try:
            # It is shown, and kept nowhere: not in the log either.
            said, _ = self._link.communicate(timeout=SECONDS_TO_MIGRATE)
        except subprocess.TimeoutExpired:
            return None
        return said.strip() or None

    def _ask_for_first_link(self) -> None:
        """Beside the start of the server: it takes a few seconds."""
        self._link = subprocess.Popen(
            self._first_invitation(),
            env=self.settings.front_desk_environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _first_invitation(self) -> list[str]:
        return [sys.executable, "-m", "frontdesk", "invite", "--first"]

    def _migrate(self) -> None:
        child = self._migration()
        child.start()
        try:
            code = child.wait(SECONDS_TO_MIGRATE)
        except subprocess.TimeoutExpired as error:
            raise StartError(
                f"The database was not ready after {SECONDS_TO_MIGRATE} seconds: does "
                f"another program hold it? See {self.log}."
            ) from error
        finally:
            child.stop()
        if code:
            raise StartError(
                f"The database can't be brought up to date. Is DATABASE_URL right, and "
                f"does the database run? {child.last_words()}"
            )

    def _wait(self, alone: bool) -> None:
        began = news = time.monotonic()
        while True:
            if self.children[0].exit_code() is not None:
                raise StartError(self.children[0].last_words())
            parts = self.parts()
            missing = {
                name: words
                for name, words in (parts or {}).items()
                if words != OK and not (alone and name == ASSISTANT)
            }
            if parts and not missing:
                return
            now = time.monotonic()
            if now - began > SECONDS_TO_START:
                raise StartError(self._not_ready(missing))
            if now - news >= SECONDS_BETWEEN_NEWS:
                news = now
                self._say(f"  waiting for the front desk … {now - began:.0f} s")
            time.sleep(0.2)

    def _not_ready(self, missing: dict[str, str]) -> str:
        why = "; ".join(f"{name}: {words}" for name, words in missing.items())
        return (
            f"The front desk was not ready after {SECONDS_TO_START} seconds"
            f"{f' ({why})' if why else ''}. See {self.log}."
        )


def _parts_of(error: urllib.error.HTTPError) -> dict[str, str] | None:
    try:
        return json.loads(error.read())["parts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def main() -> int:
    """The front desk alone, until told to stop; gives an exit code."""
    front_desk = None
    stop_on_signals()
    try:
        settings = load_settings()
        front_desk = FrontDesk(settings, say=lambda line: print(line, flush=True))
        front_desk.launch()
        front_desk.wait_until_ready(alone=True)
        print(f"The front desk is ready: {settings.url}", flush=True)
        print(front_desk.staff_addresses(), flush=True)
        while front_desk.children[0].is_running():
            time.sleep(0.3)
        raise StartError(front_desk.children[0].last_words())
    except KeyboardInterrupt:
        return 0
    except (SettingsError, StartError, PortTakenError, ClinicFileError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        if front_desk is not None:
            front_desk.stop()


if __name__ == "__main__":
    sys.exit(main())
