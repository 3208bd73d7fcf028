"""What becomes of messages while the server is gone for three seconds."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.widget.backend import DELAY_SECONDS, Backend, reply_to
from benchmarks.widget.figures import outcome
from benchmarks.widget.outage import Line
from benchmarks.widget.visit import Visit

OUTAGE_SECONDS = 3.0
BACK_SECONDS = 20.0  # in this time a message must be through
# Long enough for a second sending of the same message to show.
AFTER_SECONDS = 3.0
STEP_MS = 100
# A reply that is under way at the cut takes so long that it surely is.
SLOW_SECONDS = 2.0


def measure_outage(
    visits: list[Visit], under_way: int, line: Line, backend: Backend
) -> dict[str, list[dict[str, Any]]]:
    """Cuts the line once and says what became of every patient's message.

    Args:
        visits: patients who can write.
        under_way: how many of them, the last ones, wait for a reply at the cut; the
            others write while the server is gone, each at another moment.
        line: what is cut.
        backend: notes what reaches it.

    Returns:
        ``outage`` and ``under_way``: one entry for each patient. One whose reply was
        faster than the cut is left out.
    """
    backend.forget()
    texts = [f"i wrote this in the outage as {_word(i)}" for i in range(len(visits))]
    first = len(visits) - under_way
    backend.delay = SLOW_SECONDS
    _send_at_once(visits[first:], texts[first:], backend)
    line.cut()
    backend.delay = DELAY_SECONDS
    began = time.monotonic()
    waiting = [backend.is_answering(text) for text in texts]
    seconds = [OUTAGE_SECONDS * number / max(first, 1) for number in range(first)]
    written = []
    for visit, text, moment in zip(visits, texts, seconds, strict=False):
        _sleep_until(visit, began + moment)
        written.append(visit.write(text))
    _sleep_until(visits[0], began + OUTAGE_SECONDS)
    troubles = [visit.trouble() for visit in visits]
    line.mend()
    _wait_for_replies(visits, texts)
    written += [True] * under_way
    seconds += [0.0] * under_way
    found = []
    for number, (visit, text) in enumerate(zip(visits, texts, strict=True)):
        reached = backend.received[text]
        shown = visit.replies(reply_to(text)).count()
        found.append(
            {
                "seconds_into_outage": round(seconds[number], 2),
                "written": written[number],
                "reached": reached,
                "shown": shown,
                "trouble": troubles[number],
                "can_write_again": visit.can_write(),
                "outcome": outcome(written[number], reached, shown),
            }
        )
    late = zip(found[first:], waiting[first:], strict=True)
    return {
        "outage": found[:first],
        "under_way": [one for one, was_waiting in late if was_waiting],
    }


def _send_at_once(visits: list[Visit], texts: list[str], backend: Backend) -> None:
    """Sends a message each, and waits until the assistant is at them."""
    for visit, text in zip(visits, texts, strict=True):
        visit.type(text)
    until = time.monotonic() + SLOW_SECONDS / 2
    for visit in visits:
        visit.send()
    while time.monotonic() < until and not all(map(backend.is_answering, texts)):
        time.sleep(0.01)


def _wait_for_replies(visits: list[Visit], texts: list[str]) -> None:
    until = time.monotonic() + BACK_SECONDS
    while time.monotonic() < until:
        pairs = zip(visits, texts, strict=True)
        if all(visit.replies(reply_to(text)).count() for visit, text in pairs):
            break
        visits[0].page.wait_for_timeout(STEP_MS)
    _sleep_until(visits[0], time.monotonic() + AFTER_SECONDS)


def _sleep_until(visit: Visit, moment: float) -> None:
    """Waits; the browser's events are heard meanwhile."""
    left = moment - time.monotonic()
    if left > 0:
        visit.page.wait_for_timeout(left * 1000)


def _word(number: int) -> str:
    """A number in letters: digits could be taken for something private."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:02d}")
