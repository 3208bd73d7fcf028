"""What the demo page says: facts from ``clinic.yml``, approved texts word for word.

A text that may not be served (overdue, blocked, a draft where drafts are off) is left
out. The page itself makes no medical claims.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from clinic.answers import Answer
from clinic.facts import TREATMENT_WORDS, facts_of, fill, open_now_words
from clinic.profile import WEEKDAYS, Clinic
from frontdesk.chat.texts import Texts

PICTURES = {"iv": "drop", "injection": "point", "spravato": "spray", "at_home": "house"}
# The first bubble of each, in the order of a patient's way.
STEPS = (
    "utter_referral_and_getting_started",
    "utter_preparation",
    "utter_what_to_expect_session",
    "utter_aftercare_driving",
)
QUESTIONS = (
    "utter_what_is_ketamine",
    "utter_conditions_treated",
    "utter_effectiveness",
    "utter_side_effects",
    "utter_risks_and_safety",
    "utter_number_of_sessions",
    "utter_insurance_coverage",
    "utter_payment_options",
)
APPROVAL = "utter_fda_status_legality"
# Holidays this near stand below the hours of a usual week.
HOLIDAYS_SHOWN = timedelta(days=14)
DANGER_LINE = "utter_line_after_urgent"


@dataclass(frozen=True)
class Blocked:
    """The answers that staff have taken out of service."""

    answers: frozenset[tuple[str, str]] = frozenset()
    everything: bool = False

    def has(self, answer: Answer) -> bool:
        """Whether an answer is among them; an empty version stands for all."""
        names = {(answer.name, ""), (answer.name, answer.version)}
        return self.everything or bool(names & self.answers)


@dataclass(frozen=True)
class Block:
    """A paragraph, or a list."""

    text: str = ""
    items: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Passage:
    """An approved text as the page shows it."""

    title: str
    blocks: list[Block]
    draft: bool
    treatment: str = ""
    picture: str = ""
    price: str = ""


class _Shelf:
    """Hands out the texts that may be served."""

    def __init__(self, texts: Texts, blocked: Blocked) -> None:
        self._texts = texts
        self._blocked = blocked
        self._facts = facts_of(texts.clinic, texts.now())

    def passage(
        self,
        name: str,
        *,
        slots: dict[str, str] | None = None,
        bubbles: slice = slice(None),
        **more: str,
    ) -> Passage | None:
        """Some bubbles of a response, or None if it may not be served."""
        library = self._texts.library
        if name not in library:
            return None
        answer = library.choose(name, slots or {})
        if not self._may_serve(answer):
            return None
        title = more.pop("title", "") or str(
            library.variations(name)[0].metadata.get("title") or ""
        )
        text = fill(answer.text, self._facts)
        parts = text.split("\n\n")[bubbles]
        blocks = [block for part in parts for block in blocks_of(part)]
        return Passage(title=title, blocks=blocks, draft=answer.is_draft, **more)

    def _may_serve(self, answer: Answer) -> bool:
        draft_allowed = self._texts.clinic.serve_drafts or not answer.is_draft
        overdue = answer.is_refused(self._texts.today())
        return draft_allowed and not overdue and not self._blocked.has(answer)


def blocks_of(text: str) -> list[Block]:
    """A bubble's paragraphs and lists."""
    blocks: list[Block] = []
    for line in text.splitlines():
        line = line.strip()
        if not line:
            continue
        if not line.startswith("- "):
            blocks.append(Block(text=line))
        elif blocks and blocks[-1].items:
            blocks[-1].items.append(line[2:])
        else:
            blocks.append(Block(items=[line[2:]]))
    return blocks


def page_content(texts: Texts, blocked: Blocked) -> dict[str, Any]:
    """Everything the template needs."""
    shelf, clinic, now = _Shelf(texts, blocked), texts.clinic, texts.now()
    facts = facts_of(clinic, now)
    return {
        "facts": facts,
        "example": bool(clinic.values.get("example", False)),
        "drafts": clinic.serve_drafts and texts.any_drafts(),
        "is_open": clinic.is_open(now),
        "open_now": open_now_words(clinic, now),
        "phone_link": "tel:" + _digits(facts["phone"]),
        "booking_link": _web_address(clinic.values.get("booking_link")),
        "hours": _hours(clinic, facts),
        "holidays": _holidays(clinic, now),
        "treatments": _treatments(clinic, shelf, facts),
        "approval": shelf.passage(APPROVAL, bubbles=slice(2)),
        "steps": _there(shelf.passage(name, bubbles=slice(1)) for name in STEPS),
        "prices": _prices(clinic, facts),
        "insurers": facts["insurers"] if clinic.values.get("insurers") else "",
        "questions": _there(shelf.passage(name) for name in QUESTIONS),
        "danger_line": texts.say(DANGER_LINE),
        "year": now.astimezone(clinic.time_zone).year,
    }


def _treatments(clinic: Clinic, shelf: _Shelf, facts: dict[str, str]) -> list[Passage]:
    cards = []
    for treatment in clinic.values.get("treatments") or []:
        words = TREATMENT_WORDS[treatment]
        title = words[0].upper() + words[1:]
        shown = {
            "title": title,
            "treatment": treatment,
            "picture": PICTURES[treatment],
            "price": facts[f"price_{treatment}"],
        }
        passage = shelf.passage(
            "utter_what_to_expect_session",
            slots={"treatment": treatment},
            bubbles=slice(1),
            **shown,
        )
        cards.append(passage or Passage(blocks=[], draft=False, **shown))
    return cards


def _prices(clinic: Clinic, facts: dict[str, str]) -> list[tuple[str, str]]:
    rows = [("First visit (consultation)", facts["price_consultation"])]
    for treatment in clinic.values.get("treatments") or []:
        words = TREATMENT_WORDS[treatment]
        rows.append((words[0].upper() + words[1:], facts[f"price_{treatment}"]))
    return [(name, price[0].upper() + price[1:]) for name, price in rows]


def _hours(clinic: Clinic, facts: dict[str, str]) -> list[tuple[str, str]]:
    words = [line.partition(": ")[2] for line in facts["hours"].splitlines()]
    return [(day.capitalize(), text) for day, text in zip(WEEKDAYS, words, strict=True)]


def _holidays(clinic: Clinic, now: datetime) -> list[tuple[str, str]]:
    """The days soon on which the week's hours are not true."""
    today = now.astimezone(clinic.time_zone).date()
    return [
        (f"{day:%a, %b} {day.day}", f"closed ({name})")
        for day, name in sorted(clinic.holidays.items())
        if today <= day <= today + HOLIDAYS_SHOWN
    ]


def _there(passages: Any) -> list[Passage]:
    return [passage for passage in passages if passage is not None]


def _web_address(value: Any) -> str:
    """An address that a browser opens as a page; empty for anything else."""
    address = str(value or "").strip()
    return address if address.lower().startswith(("https://", "http://")) else ""


def _digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdecimal() or sign == "+")
