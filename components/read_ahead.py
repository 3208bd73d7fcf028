"""Has the sentence vectors of a message ready before Rasa reads it; for the channels.

Rasa runs the pipeline inside its event loop, one message at a time. A quarter of that
is the sentence encoder, which remembers its vectors. The front desk sends them along;
else they are made in a thread, which needs no lock of the interpreter.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from safety.encoder import SentenceEncoder, shared_encoder
from safety.vector_exchange import encoded_texts, take_over

# One thread: messages of a conversation stay in their order.
_reader = ThreadPoolExecutor(1, "read-ahead")


async def read_ahead(text: str | None, vectors: Any = None) -> None:
    """Has the vectors of a text and its clauses ready, if the model uses the encoder.

    Args:
        text: of the message; a pressed button has none.
        vectors: what came along with it (``safety.vector_exchange``); used if it fits.
    """
    is_in_use = shared_encoder.cache_info().currsize > 0
    if not text or not is_in_use:
        return
    encoder = shared_encoder()
    if not take_over(encoder, text, vectors):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(_reader, _encode, encoder, text)


def _encode(encoder: SentenceEncoder, text: str) -> None:
    for part in encoded_texts(text):
        encoder.encode(part)
