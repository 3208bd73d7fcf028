"""The front desk's server: ``python -m frontdesk serve``. Started by ``deploy``."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser

from frontdesk.chat.fanout import fanout

APPLICATION = "frontdesk.asgi:application"
SECONDS_FOR_OPEN_REQUESTS = 5
# How long a thread keeps the interpreter from one that waits. A message goes through
# six; a hundred times as long, which is usual, would be felt.
SECONDS_OF_A_THREAD = 0.00005
SECONDS_BETWEEN_REQUESTS = 20


class Server(uvicorn.Server):
    """Ends the streams when it is told to stop; by itself it would wait for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """(see parent class for full docstring)."""
        fanout().end_streams()
        await super().shutdown(sockets)


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = "Serves patients until it is told to stop."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        sys.setswitchinterval(SECONDS_OF_A_THREAD)
        server = Server(configuration(options["host"], options["port"]))
        with suppress(KeyboardInterrupt):  # uvicorn has stopped, and passes it on
            server.run()
        if not server.started:
            raise CommandError("The front desk could not start; the reason is above.")


def configuration(host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves the front desk."""
    return uvicorn.Config(
        APPLICATION,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="on",
        # Forwarding headers are read by ourselves alone (TRUSTED_PROXIES).
        proxy_headers=False,
        server_header=False,
        # It would keep the patients' addresses.
        access_log=False,
        log_config=None,
        timeout_keep_alive=SECONDS_BETWEEN_REQUESTS,
        timeout_graceful_shutdown=SECONDS_FOR_OPEN_REQUESTS,
    )
