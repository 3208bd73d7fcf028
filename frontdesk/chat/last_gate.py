"""The last gate: what of a reply may go out. Sync, in the transaction that stores it.

Takes out answers that staff have blocked or whose review is overdue, and keeps the
quiet line with 988 and 911 under every reply once a conversation was urgent.
"""

from __future__ import annotations

from frontdesk.chat import metrics, statements
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Conversation
from frontdesk.chat.texts import says_988, texts, with_buttons

FALLBACK_RESPONSE = "utter_assistant_down"
REPLACEMENT_RESPONSE = "utter_answer_overdue"


def fallback() -> list[Bubble]:
    """What the patient gets while the assistant can't answer."""
    metrics.fell_back()
    return _to_a_person(texts().bubbles(FALLBACK_RESPONSE))


def passed(conversation: Conversation, bubbles: list[Bubble]) -> list[Bubble]:
    """A reply as it may go out; never empty if it was not."""
    return _with_quiet_line(conversation, _without_blocked(bubbles))


def _without_blocked(bubbles: list[Bubble]) -> list[Bubble]:
    """The reply, with one approved text in place of all that may not be said."""
    blocked = statements.blocked_answers()
    kept = [
        bubble
        for bubble in bubbles
        if bubble.is_urgent or not _is_stopped(bubble, blocked)
    ]
    if len(kept) == len(bubbles):
        return bubbles
    return [*kept, *_to_a_person(texts().bubbles(REPLACEMENT_RESPONSE))]


def _is_stopped(bubble: Bubble, blocked: set[tuple[str, str]]) -> bool:
    if bubble.response is None:
        return False
    name, version = bubble.response, bubble.version or ""
    is_blocked = (name, version) in blocked or (name, "") in blocked
    return is_blocked or texts().is_refused(name, version)


def _with_quiet_line(conversation: Conversation, bubbles: list[Bubble]) -> list[Bubble]:
    """Rasa adds the line by its slot; here where it could not know."""
    is_due = conversation.after_urgent or any(each.is_urgent for each in bubbles)
    if says_988(bubbles) or not is_due:
        return bubbles
    line = texts().quiet_line(bubbles[-1])
    return [*bubbles, with_buttons(line, [texts().human_button()])]


def _to_a_person(bubbles: list[Bubble]) -> list[Bubble]:
    *first, last = bubbles
    return [*first, with_buttons(last, [texts().human_button()])]
