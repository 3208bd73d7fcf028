"""Starts all of the product on this machine and keeps it running. ``make run``."""

from __future__ import annotations

import sys

from clinic.profile import ClinicFileError
from deploy.assistant import Assistant, StartError
from deploy.front_desk import FrontDesk
from deploy.keeper import Keeper
from deploy.processes import PortTakenError, stop_on_signals
from deploy.settings import Settings, SettingsError, load_settings


def addresses(settings: Settings) -> str:
    """What answers where, for people."""
    return (
        f"  demo clinic page  {settings.url}\n"
        f"  chat API          {settings.url}/chat/openapi.json\n"
        f"  Rasa server       {settings.rasa_url}  (for tools, with the token)\n"
        f"  logs              {settings.logs}"
    )


def say(line: str) -> None:
    """Shows a line at once, also in a pipe."""
    print(line, flush=True)


def start(assistant: Assistant, front_desk: FrontDesk) -> None:
    """Starts both; the front desk while the assistant loads its model.

    Raises:
        StartError, PortTakenError, ClinicFileError: with one line on what to do.
    """
    front_desk.claim()
    assistant.launch()
    front_desk.launch()
    assistant.wait_until_ready()
    front_desk.wait_until_ready()


def main() -> int:
    """``make run``."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    stop_on_signals()
    assistant = Assistant(settings, say=say)
    front_desk = FrontDesk(settings, say=say)
    try:
        start(assistant, front_desk)
        say(f"\nEverything is ready.\n{addresses(settings)}")
        say(f"{front_desk.staff_addresses()}\nStop it with Ctrl-C.")
        Keeper([*assistant.children, *front_desk.children], say=say).watch()
    except KeyboardInterrupt:
        say("\nStopping …")
    except (StartError, PortTakenError, ClinicFileError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        front_desk.stop()
        assistant.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
