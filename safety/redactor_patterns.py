"""Reads ``safety/redaction/patterns.yml`` and knows the checks it names.

Used by the redactor only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LAST_BIRTH_YEAR = 2016
_PART = re.compile(r"\{([a-z_]+)\}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOT_DIGITS = re.compile(r"\D")
_WORDS = re.compile(r"[^\W\d_]+")


class RedactionFileError(ValueError):
    """A file in ``safety/redaction`` is wrong; the message names file and entry."""


@dataclass(frozen=True)
class Known:
    """What the checks need: numbers that stay and words that are in no street name."""

    hotlines: frozenset[str]
    ordinary_words: frozenset[str]


type Check = Callable[[Known, re.Match[str], str], bool]


class Pattern(NamedTuple):
    """One way to write personal data."""

    kind: str
    regex: re.Pattern[str]
    check: Check


def digits_of(text: str) -> str:
    """The digits, without the 1 in front of a US phone number."""
    digits = _NOT_DIGITS.sub("", text)
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


# --- checks that a pattern can name --------------------------------------------------


def _always(known: Known, match: re.Match[str], value: str) -> bool:
    return True


def _luhn(known: Known, match: re.Match[str], value: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(_NOT_DIGITS.sub("", value))):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _no_hotline(known: Known, match: re.Match[str], value: str) -> bool:
    return digits_of(re.split("x|ext", value.lower())[0]) not in known.hotlines


def _old_year(known: Known, match: re.Match[str], value: str) -> bool:
    years = _YEAR.findall(value)
    return bool(years) and int(years[0]) <= LAST_BIRTH_YEAR


def _has_digits(known: Known, match: re.Match[str], value: str) -> bool:
    return len(_NOT_DIGITS.sub("", value)) > 2


def _many_digits(known: Known, match: re.Match[str], value: str) -> bool:
    digits = _NOT_DIGITS.sub("", value)
    return len(digits) > 4 or (len(digits) == 4 and not _YEAR.fullmatch(digits))


def _street(known: Known, match: re.Match[str], value: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(match.group("street"))]
    ordinary = known.ordinary_words | _NO_STREETS
    return bool(match.group("street").strip()) and not ordinary.intersection(words)


def _city(known: Known, match: re.Match[str], value: str) -> bool:
    words = match.group("city").lower().split()
    return words[-1] not in known.ordinary_words


_NO_STREETS_TEXT = """
    am pm mg ml mcg min mins minute minutes hour hours hr hrs mile miles block
    blocks pills pill infusion infusions session sessions percent dollars visits
    doses
"""
_NO_STREETS = frozenset(_NO_STREETS_TEXT.split())
_CHECKS: dict[str, Check] = {
    "always": _always,
    "luhn": _luhn,
    "no_hotline": _no_hotline,
    "old_year": _old_year,
    "has_digits": _has_digits,
    "many_digits": _many_digits,
    "street": _street,
    "city": _city,
}


# --- reading the patterns ------------------------------------------------------------


def load_patterns_file(path: Path) -> dict[str, Any]:
    """The content of the file.

    Raises:
        RedactionFileError: names the file and what is missing.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RedactionFileError(
            f"{path}: cannot be read; bring it back from git. {error}"
        ) from error
    for key in ("parts", "patterns", "hotlines"):
        if not isinstance(content, dict) or key not in content:
            raise RedactionFileError(f"{path}: key '{key}' is missing; add it")
    return content


def compiled(path: Path, content: dict[str, Any]) -> Iterator[Pattern]:
    """The patterns, ready for searching.

    Raises:
        RedactionFileError: names the file and the pattern.
    """
    for number, entry in enumerate(content["patterns"], start=1):
        name = f"{path}: pattern {number} ({entry.get('kind')})"
        check = entry.get("check", "always")
        if check not in _CHECKS:
            raise RedactionFileError(
                f"{name}: check '{check}' is none of {sorted(_CHECKS)}"
            )
        try:
            source = _filled(entry["regex"], content["parts"])
            regex = re.compile(source, re.IGNORECASE)
        except (KeyError, re.error) as error:
            raise RedactionFileError(f"{name}: 'regex' is wrong: {error}") from error
        yield Pattern(entry["kind"], regex, _CHECKS[check])


def _filled(regex: str, parts: dict[str, str]) -> str:
    for _ in range(4):
        regex = _PART.sub(lambda found: parts[found.group(1)], regex)
    return regex
