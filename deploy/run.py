"""Starts all of the product that exists. ``make run``.

At present that is the assistant, and a chat if somebody sits at the terminal.
"""

from __future__ import annotations

import sys

from clinic.profile import ClinicFileError
from deploy.assistant import (
    Assistant,
    StartError,
    addresses,
    serve,
    stop_on_signals,
)
from deploy.chat import talk
from deploy.chat_view import view_for_terminal
from deploy.processes import PortTakenError
from deploy.settings import Settings, SettingsError, load_settings


def main() -> int:
    """``make run``."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return serve(Assistant(settings, say=lambda line: print(line, flush=True)))
    return _chat_and_serve(settings)


def _chat_and_serve(settings: Settings) -> int:
    assistant = Assistant(settings)
    stop_on_signals(interrupt=False)
    try:
        assistant.start()
        print(f"The assistant is ready.\n{addresses(settings)}\n")
        talk(settings, view_for_terminal(), assistant)
    except KeyboardInterrupt:
        return 0
    except (StartError, PortTakenError, ClinicFileError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        assistant.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
