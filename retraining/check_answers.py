"""House checks on what patients read: each text by itself. Used by ``checks``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clinic.answers import Answer
from clinic.facts import facts_of, placeholders_in
from clinic.profile import Clinic, ClinicFileError, load_clinic
from clinic.topics import URGENT_ROUTES
from retraining.check_tree import Entry, Problem, Tree
from retraining.readability import reading_grade

HIGHEST_GRADE = 8.0
MOST_BUBBLES = 3
MOST_WORDS = 90  # a bubble
BANNED_FILE = "knowledge/banned_wording.yml"
# When staff will read it: said in the same turn, below a text with all the numbers.
SAID_BELOW_A_HAND_OFF = {"utter_handoff_open", "utter_handoff_closed"}
POISON_HELP = "1-800-222-1222"
# A phone number, or a short one that the text says to call or text.
PHONE = re.compile(
    r"\b(?:1-)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b|\b\d{10,11}\b"
    r"|(?<![\d$,.])\b(?:[2-9]11|988|\d{5,6})\b(?!\d|[.,]\d)"
)


@dataclass(frozen=True)
class _Wording:
    pattern: re.Pattern[str]
    why: str
    instead: str


def is_spanish(name: str) -> bool:
    """Whether a response is in Spanish, by its name."""
    return name.endswith("_spanish")


def check_answers(tree: Tree) -> Iterator[Problem]:
    """Everything that can be wrong with one text, for every text."""
    rules = AnswerRules(tree)
    for entry in tree.entries:
        yield from rules.check(entry)


class AnswerRules:
    """What a text is held against, read once; also for a text not yet in a file."""

    def __init__(self, tree: Tree) -> None:
        """Reads clinic facts, banned wording and the fact base."""
        self._tree = tree
        self._known = _known_placeholders(tree)
        self._banned = _banned(tree)
        self._numbers = _numbers_of_facts(tree)

    def check(self, entry: Entry) -> Iterator[Problem]:
        """Everything that can be wrong with one text."""
        yield from _shape(entry)
        yield from _placeholders(entry, self._known)
        yield from _sources(entry, self._tree)
        yield from _wording(entry, self._banned)
        yield from _help_numbers(entry)
        yield from _unknown_numbers(entry, self._numbers)


def _shape(entry: Entry) -> Iterator[Problem]:
    text, where = entry.answer.text, entry.where
    if not text:
        yield Problem("error", "text", where, "a variation has no text", "Write one.")
        return
    bubbles = re.split(r"\n\s*\n", text)
    if len(bubbles) > MOST_BUBBLES:
        yield Problem(
            "error",
            "bubbles",
            where,
            f"{len(bubbles)} bubbles, at most {MOST_BUBBLES}",
            "Join or cut paragraphs: a blank line starts a bubble.",
        )
    for number, bubble in enumerate(bubbles, start=1):
        words = len(bubble.split())
        if words > MOST_WORDS:
            yield Problem(
                "error",
                "bubble-words",
                where,
                f"bubble {number} has {words} words, at most {MOST_WORDS}",
                "Shorten it, or move a part to another topic.",
                bubble,
            )
    if not is_spanish(entry.answer.name):  # the formula is for English
        yield from _grade(entry)


def _grade(entry: Entry) -> Iterator[Problem]:
    for drug_names, how in ((True, "with"), (False, "without")):
        grade = reading_grade(entry.answer.text, drug_names=drug_names)
        if grade > HIGHEST_GRADE:
            yield Problem(
                "error",
                "reading-grade",
                entry.where,
                f"grade {grade:.1f} {how} drug names, at most {HIGHEST_GRADE:.0f}",
                "Use shorter sentences and plainer words.",
            )
            return


def _known_placeholders(tree: Tree) -> set[str]:
    try:
        clinic = load_clinic(tree.root / "clinic.yml")
    except ClinicFileError:  # reported by check_clinic_file
        values: dict[str, Any] = dict.fromkeys(("name", "phone", "address"), "")
        utc: Any = UTC
        clinic = Clinic(values=values, hours={}, holidays={}, time_zone=utc)
    return set(facts_of(clinic, datetime.now(UTC)))


def _placeholders(entry: Entry, known: set[str]) -> Iterator[Problem]:
    try:
        used = placeholders_in(entry.answer.text)
    except ValueError as error:
        yield Problem("error", "placeholders", entry.where, str(error), "Close { by }.")
        return
    for name in sorted(used - known):
        yield Problem(
            "error",
            "placeholders",
            entry.where,
            f"{{{name}}} is no clinic fact",
            "Use one of the list in docs/content.md.",
            f"{{{name}",
        )


def _sources(entry: Entry, tree: Tree) -> Iterator[Problem]:
    sources = entry.answer.metadata.get("sources") or []
    for source in sources:
        fact = tree.facts.get(str(source))
        if fact is None:
            yield Problem(
                "error",
                "sources",
                entry.where,
                f"source {source} is in no knowledge/facts*.yml",
                "Correct the id, or add the fact.",
            )
        elif str(fact.get("patient_facing")) == "staff_only":
            yield Problem(
                "error",
                "sources",
                entry.where,
                f"source {source} is staff_only: patients must not read it",
                "Take what rests on it out of the text.",
            )
    if not sources and _makes_claims(entry.answer):
        yield Problem(
            "error",
            "sources",
            entry.where,
            "a general answer without a source",
            "Name the facts that carry it under sources.",
        )


def _makes_claims(answer: Answer) -> bool:
    return answer.metadata.get("route") in ("faq", *URGENT_ROUTES)


def _banned(tree: Tree) -> list[_Wording]:
    entries = tree.section(BANNED_FILE, "banned") or []
    return [
        _Wording(
            re.compile(entry["pattern"], re.IGNORECASE),
            str(entry["why"]),
            str(entry["instead"]),
        )
        for entry in entries
    ]


def _wording(entry: Entry, banned: list[_Wording]) -> Iterator[Problem]:
    for wording in banned:
        found = wording.pattern.search(entry.answer.text)
        if found:
            yield Problem(
                "error",
                "banned-wording",
                entry.where,
                f"'{found[0]}': {wording.why}",
                f"Instead: {wording.instead}.",
                found[0],
            )


def _help_numbers(entry: Entry) -> Iterator[Problem]:
    """Urgent, hand-off and fallback texts say where help is."""
    text = entry.answer.text
    missing = [each for each in _must_carry(entry.answer) if each not in text]
    if missing:
        yield Problem(
            "error",
            "help-numbers",
            entry.where,
            f"does not say {', '.join(missing)}",
            "Add it: this text must never leave a patient without help.",
        )


def _must_carry(answer: Answer) -> tuple[str, ...]:
    if answer.kind == "crisis":
        return ("988", "911")
    if answer.kind == "emergency":
        overdose = answer.metadata.get("topic") == "overdose"
        return ("911", "988", POISON_HELP) if overdose else ("911",)
    if answer.name in SAID_BELOW_A_HAND_OFF:
        return ()
    if answer.kind in ("handoff", "fallback") or answer.metadata.get("handoff"):
        return ("{phone}", "988", "911")
    return ()


def _numbers_of_facts(tree: Tree) -> set[str]:
    numbers = set()
    for fact in tree.facts.values():
        words = f"{fact.get('fact')} {fact.get('figures') or ''}"
        numbers |= {_digits(found) for found in PHONE.findall(words)}
    return numbers


def _unknown_numbers(entry: Entry, known: set[str]) -> Iterator[Problem]:
    for found in sorted(set(PHONE.findall(entry.answer.text))):
        if _digits(found) not in known:
            yield Problem(
                "error",
                "phone-numbers",
                entry.where,
                f"the number {found} is in no fact",
                "Use {phone} for the clinic; others need a fact, tried by hand.",
                found,
            )


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number).removeprefix("1") or number
