"""A conversation as the steps of a story, for people to correct; and back from a form.

``views_stories`` shows them; Rasa's own writer makes the YAML (``retraining``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clinic.topics import response_of
from frontdesk.chat.models import Conversation, Message
from frontdesk.training.corrections import RefusedError
from frontdesk.training.intents import KNOWN, words_of
from frontdesk.training.models import Correction
from retraining.check_tree import Tree
from retraining.examples import ROOT

PATIENT, ASSISTANT = "patient", "assistant"
# What policies see: they change which variation of an answer fits.
ENTITIES = ("treatment", "condition", "insurer")
HAND_OFF = "action_hand_off"
# Said by the action that hands off, so no step of a story.
SAID_BY_HAND_OFF = {"utter_handoff_open", "utter_handoff_closed"}
NEVER_IN_A_STORY = SAID_BY_HAND_OFF | {"utter_answer_overdue"}
MOST_STEPS = 60
LONGEST_QUOTE = 120  # it travels with the form
UNKNOWN = "not_understood"
_ABOUT = re.compile(r"\s*(\w+)\s*:\s*([\w .'&/+-]{1,60}?)\s*")


@dataclass
class Step:
    """What the patient means, or what the assistant does."""

    who: str
    value: str  # intent or action
    about: str = ""  # "treatment: spravato, condition: ptsd"
    quote: str = ""  # of the log, shown and not kept
    was: str = ""  # what the assistant took it for, or said, if that is corrected

    @property
    def words(self) -> str:
        """The step for readers."""
        if self.who == PATIENT:
            return words_of(self.value)
        return action_in_words(self.value)


@dataclass(frozen=True)
class Domain:
    """What stories may name."""

    actions: tuple[str, ...]
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def usual(self, intent: str) -> list[str]:
        """What the assistant does by rule, or else by default, after an intent."""
        return list(self.rules.get(intent) or (response_of(intent),))


def domain() -> Domain:
    """Actions and rules of the project."""
    tree = Tree(ROOT, datetime.now(UTC).date())
    names = [str(name) for name in tree.domain.get("actions") or []]
    rules = {
        str(steps[0]["intent"]): tuple(str(step["action"]) for step in steps[1:])
        for _, steps in tree.rules
        if steps and "intent" in steps[0] and all("action" in s for s in steps[1:])
    }
    kept = tuple(name for name in names if name not in NEVER_IN_A_STORY)
    return Domain(kept, rules)


def action_in_words(action: str) -> str:
    """``utter_cost`` is ``Says: Cost``."""
    if action == HAND_OFF:
        return "Hands it to staff"
    name = action.removeprefix("utter_").removeprefix("handoff_")
    for prefix in ("ask_", "medical_", "admin_", ""):
        if f"{prefix}{name}" in KNOWN:
            words = words_of(f"{prefix}{name}")
            is_hand_off = action.startswith("utter_handoff_")
            return (
                f"Says that staff will see to it: {words}"
                if is_hand_off
                else (f"Says: {words}")
            )
    return f"Says: {words_of(name)}"


def drawn_up(conversation: Conversation, known: Domain) -> list[Step]:
    """The course as the log has it, with what was corrected; until staff took over."""
    messages = list(
        conversation.messages.select_related("correction").order_by("number")
    )
    steps: list[Step] = []
    for message in messages:
        if message.author == Message.Author.STAFF:
            break
        if message.author == Message.Author.PATIENT:
            replies = [each for each in messages if each.answers_id == message.pk]
            steps += _turn(message, replies, known)
    return steps[:MOST_STEPS]


def _turn(message: Message, replies: Sequence[Message], known: Domain) -> list[Step]:
    heard = next((m for m in (message, *replies) if m.intent), message)
    correction: Correction | None = getattr(message, "correction", None)
    intent = correction.intent if correction else heard.intent or UNKNOWN
    entities = correction.entities if correction else heard.entities
    was = words_of(heard.intent) if intent != heard.intent else ""
    told = _told(replies, known)
    right = told if intent == heard.intent and told else known.usual(intent)
    said = ", ".join(map(action_in_words, told))
    quote = message.text[:LONGEST_QUOTE]
    asked = Step(PATIENT, intent, _about(entities), quote, was)
    answers = [Step(ASSISTANT, action) for action in right]
    if answers and right != told:
        answers[0].was = said
    return [asked, *answers]


def _told(replies: Sequence[Message], known: Domain) -> list[str]:
    """What was said and done, each once; texts that are no action are left out."""
    found: list[str] = []
    for reply in replies:
        name = str(reply.response or "")
        action = HAND_OFF if name in SAID_BY_HAND_OFF else name
        if action in known.actions and action not in found:
            found.append(action)
            if action.startswith("utter_handoff_") and HAND_OFF not in found:
                found.append(HAND_OFF)
    return found


def _about(entities: Sequence[Mapping[str, Any]]) -> str:
    pairs = {
        f"{each['entity']}: {each['value']}": None
        for each in entities
        if each.get("entity") in ENTITIES and each.get("value")
    }
    return ", ".join(pairs)


def from_form(form: Any) -> list[Step]:
    """The steps of a form: one value of each field a step."""
    fields = ("who", "value", "about", "quote", "was")
    columns = [form.getlist(f"step_{name}") for name in fields]
    rows = list(zip(*columns, strict=False))[:MOST_STEPS]
    return [Step(*(str(value)[:500] for value in row)) for row in rows]


def changed(steps: list[Step], deed: str, known: Domain) -> list[Step]:
    """The steps after a button such as ``drop 2`` was pressed.

    Raises:
        RefusedError: for a button that there is not.
    """
    what, _, number = deed.partition(" ")
    place = int(number) if number.isascii() and number.isdecimal() else -1
    if not -1 < place < len(steps) and steps:
        raise RefusedError("There is no such step.")
    after = list(steps)
    if what == "drop" and steps:
        del after[place]
    elif what in ("up", "down") and steps:
        other = place + (-1 if what == "up" else 1)
        if 0 <= other < len(after):
            after[place], after[other] = after[other], after[place]
    elif what == "answer":
        after.insert(place + 1, Step(ASSISTANT, "utter_human"))
    elif what == "message":
        usual = [Step(ASSISTANT, action) for action in known.usual("ask_cost")]
        after[place + 1 : place + 1] = [Step(PATIENT, "ask_cost"), *usual]
    elif what == "usual" and steps:
        end = place + 1
        while end < len(after) and after[end].who == ASSISTANT:
            end += 1
        usual = [Step(ASSISTANT, name) for name in known.usual(steps[place].value)]
        after[place + 1 : end] = usual
    else:
        raise RefusedError("There is no such button.")
    return after


def as_rasa(steps: Sequence[Step], known: Domain) -> list[dict[str, Any]]:
    """The steps in the form of a story file.

    Raises:
        RefusedError: names the step that can't be.
    """
    found: list[dict[str, Any]] = []
    for number, step in enumerate(steps, start=1):
        if step.who == ASSISTANT and step.value in known.actions:
            found.append({"action": step.value})
        elif step.who == PATIENT and step.value in {*KNOWN, UNKNOWN}:
            entry: dict[str, Any] = {"intent": step.value}
            if entities := _entities(step.about, number):
                entry["entities"] = entities
            found.append(entry)
        else:
            raise RefusedError(f"Step {number}: choose one of the list.")
    return found


def _entities(about: str, number: int) -> list[dict[str, str]]:
    found = []
    for part in filter(None, map(str.strip, about.split(","))):
        match = _ABOUT.fullmatch(part)
        if match is None or match[1] not in ENTITIES:
            raise RefusedError(
                f"Step {number}: write what it is about as “treatment: spravato”; one "
                f"of {', '.join(ENTITIES)}."
            )
        found.append({match[1]: match[2]})
    return found
