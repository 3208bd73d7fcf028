"""A line to a server of this machine that can be cut, and the loop that carries it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from benchmarks.servers import LOOPBACK

PIECE = 65536


class LoopThread:
    """An event loop in a thread, for servers that run beside the browser."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What ``work`` gives; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        """Ends what still runs on the loop, and the loop."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Line:
    """Passes TCP on to a server until it is cut.

    Cut, it drops every connection at once and refuses new ones, as a server does that
    was killed. It is the same for every widget.
    """

    def __init__(self, loop: LoopThread, server_port: int) -> None:
        self._loop = loop
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.WriteTransport] = set()
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Listens, always on the same port."""
        self._loop.run(self._listen())

    def cut(self) -> None:
        """Drops all connections; new ones are refused from now on."""
        self._loop.run(self._drop())

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._open):
            transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # Accepted in the moment of the cut.
        if self._server is None:
            writer.transport.abort()
            return
        ends = {writer.transport}
        self._open |= ends
        try:
            there = await asyncio.open_connection(LOOPBACK, self._server_port)
            ends.add(there[1].transport)
            self._open |= ends
            await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
        except OSError:
            pass
        finally:
            self._open -= ends
            for transport in ends:
                transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    # Whatever was written goes out before the connection ends.
    writer.close()
    await writer.wait_closed()
