"""Reads a message ahead, in a thread, while Rasa answers others; used by the channels.

Rasa runs the pipeline inside its event loop, one message at a time. A quarter of that
is the sentence encoder, which needs no lock of the interpreter and remembers its
vectors: the pipeline finds them ready.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from safety.clauses import clauses_of
from safety.encoder import SentenceEncoder, shared_encoder

# One thread: messages of a conversation stay in their order.
_reader = ThreadPoolExecutor(1, "read-ahead")


async def read_ahead(text: str | None) -> None:
    """Has the vectors of a text and its clauses made, if the model uses the encoder."""
    is_in_use = shared_encoder.cache_info().currsize > 0
    if text and is_in_use:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(_reader, _encode, shared_encoder(), text)


def _encode(encoder: SentenceEncoder, text: str) -> None:
    for part in (text, *clauses_of(text)):
        encoder.encode(part)
