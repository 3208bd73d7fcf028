"""Which days a question about opening hours names: words, dates, holidays."""

from __future__ import annotations

import re
from datetime import date, timedelta

from clinic.profile import WEEKDAYS, Clinic

MOST_DAYS = 3
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
           "dec")  # fmt: skip
_MONTH = rf"\b({'|'.join(_MONTHS)})[a-z]*\.?"
_NUMBER = r"(\d{1,2})(?:st|nd|rd|th)?\b"
_MONTH_FIRST = re.compile(rf"{_MONTH} (?:the )?{_NUMBER}")
_DAY_FIRST = re.compile(rf"\b{_NUMBER} (?:of )?{_MONTH}")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})\b")
_DAY_ALONE = re.compile(r"\bthe (\d{1,2})(?:st|nd|rd|th)\b")
# Days whose names hold a weekday but that no calendar rule of ours finds.
_NAMED_DAYS = re.compile(r"\b(?:good|black) fri(?:day)?\b|\bcyber mon(?:day)?\b")
_SHORT = ("mon", "tues?", "weds?", "thu(?:rs?)?", "fri", "sat", "sun")
_WEEKDAY = [
    re.compile(rf"\b(next )?(?:{name}s?|{short})\b")
    for name, short in zip(WEEKDAYS, _SHORT, strict=True)
]
_OTHER_NAMES = {
    "xmas": "christmas",
    "turkey day": "thanksgiving",
    "wensday": "wednesday",
    "thrusday": "thursday",
    "saterday": "saturday",
}


def asked_days(text: str, clinic: Clinic, today: date) -> list[date]:
    """The days a patient asks about, soonest first, at most three.

    A weekday is its next one, today included; so the answer must say the date. A
    holiday is found by its name in ``clinic.yml``.

    Args:
        text: the patient's words.
        clinic: whose holidays count.
        today: the clinic's own calendar day.
    """
    words = plain_words(text)
    for other, name in _OTHER_NAMES.items():
        words = words.replace(other, name)
    words = _NAMED_DAYS.sub(" ", words)
    found = _relative(words, today) | _holidays(words, clinic, today)
    found |= _dates(words, today) | _weekdays(words, today)
    return sorted(found)[:MOST_DAYS]


def plain_words(text: str) -> str:
    """A text for our patterns: lower case, one blank between words, no apostrophes."""
    return " ".join(text.lower().replace("\u2019", "").replace("'", "").split())


def _relative(words: str, today: date) -> set[date]:
    days = set()
    if re.search(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", words):
        days.add(today)
    if re.search(r"\b(?:tomm?orr?ow|tmrw|tmr)\b", words):
        days.add(today + timedelta(days=1))
    if re.search(r"\bweekends?\b", words):
        days |= {_next_weekday(today, number) for number in (5, 6)}
    return days


def _weekdays(words: str, today: date) -> set[date]:
    days = set()
    for number, pattern in enumerate(_WEEKDAY):
        for match in pattern.finditer(words):
            after = today + timedelta(days=1) if match[1] else today
            days.add(_next_weekday(after, number))
    return days


def _next_weekday(first: date, number: int) -> date:
    return first + timedelta(days=(number - first.weekday()) % 7)


def _holidays(words: str, clinic: Clinic, today: date) -> set[date]:
    days: dict[str, date] = {}
    for day, name in sorted(clinic.holidays.items()):
        plain = re.sub(r"\(.*?\)", "", name.lower().replace("'", "")).strip()
        stem = re.escape(plain.removesuffix(" day").removesuffix("s"))
        named = re.search(rf"\b{stem}s?\b(?! eve)", words)
        if stem and day >= today and named:
            days.setdefault(stem, day)
    return set(days.values())


def _dates(words: str, today: date) -> set[date]:
    pairs = [(_month(m[1]), int(m[2])) for m in _MONTH_FIRST.finditer(words)]
    pairs += [(_month(m[2]), int(m[1])) for m in _DAY_FIRST.finditer(words)]
    pairs += [(int(m[1]), int(m[2])) for m in _SLASHED.finditer(words)]
    days = {_next_date(today, month, day) for month, day in pairs}
    for match in [] if pairs else _DAY_ALONE.finditer(words):
        month = today.month if int(match[1]) >= today.day else today.month % 12 + 1
        days.add(_next_date(today, month, int(match[1])))
    return {day for day in days if day is not None}


def _month(word: str) -> int:
    return _MONTHS.index(word) + 1


def _next_date(today: date, month: int, day: int) -> date | None:
    """The next such day, today included; None if no calendar has it."""
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None
