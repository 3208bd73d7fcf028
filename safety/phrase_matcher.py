"""Finds the clinicians' danger phrases in a message; called by the danger detector.

Which words mean danger, and what turns them into a near miss, stands in
``safety/phrases/*.yml``; this module only looks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from safety.normalise import Word, split_words
from safety.phrase_files import (
    KIND_OF_TOPIC,
    Exemption,
    Phrase,
    PhraseBook,
    read_phrases,
)
from safety.phrase_index import Hit, PhraseIndex

PHRASE_FOLDER = Path(__file__).resolve().parent / "phrases"
WINDOW_WORDS = 300
WINDOW_OVERLAP = 60
MAX_ALARMS = 50
_CARRIES_DENIAL_TEXT = """
    or nor , any about of having thoughts even
"""
_CARRIES_DENIAL = frozenset(_CARRIES_DENIAL_TEXT.split())

ALARMING = ("certain", "alarm")
_MOST_TELLING_FIRST = ("idiom", "denied", "past", "topic", "subject")
_NEGATIONS = frozenset(("not", "no", "never", "nobody", "noone", "dont", "doesnt"))


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase found in a message.

    Attributes:
        id: of the entry in ``safety/phrases``.
        kind: "crisis" or "emergency".
        topic: self_harm, third_party, harm_to_others, abuse, physical or overdose.
        strength: "certain" (enough alone, whatever the model says), "alarm" (enough
            alone unless the model is sure of a near miss) or "hint".
        span: start and end in the text as it was given.
        near_miss: None, or why it is probably no danger: "idiom", "denied", "past",
            "topic" or "subject".
    """

    id: str
    kind: str
    topic: str
    strength: str
    span: tuple[int, int]
    near_miss: str | None = None


class PhraseMatcher:
    """Matches messages against the phrase files; safe to share between threads."""

    def __init__(self, book: PhraseBook) -> None:
        self._phrases = PhraseIndex(book.phrases)
        self._exceptions = PhraseIndex(book.exceptions)
        self._withdrawals = PhraseIndex(book.withdrawals)
        self._settled = PhraseIndex(book.settled)

    @classmethod
    def load(cls, folder: Path = PHRASE_FOLDER) -> PhraseMatcher:
        """Reads and compiles the phrase files.

        Raises:
            PhraseFileError: names the file and the entry that is wrong.
        """
        return cls(read_phrases(folder))

    def match(self, text: str) -> list[PhraseMatch]:
        """All danger phrases of a message, near misses included, in text order."""
        words = split_words(text)
        found: dict[tuple[str, tuple[int, int]], PhraseMatch] = {}
        for start in _window_starts(len(words)):
            for match in self._match_window(words[start : start + WINDOW_WORDS]):
                known = found.get((match.id, match.span))
                if known is None or match.near_miss is None:
                    found[match.id, match.span] = match
            if sum(1 for match in found.values() if raises_alarm([match])) > MAX_ALARMS:
                break
        return sorted(found.values(), key=lambda match: (match.span, match.id))

    def _match_window(self, words: list[Word]) -> Iterator[PhraseMatch]:
        text = " " + " ".join(word.text for word in words) + " "
        vocabulary = frozenset(word.text for word in words)
        hits = _longest(self._phrases.hits(text, vocabulary))
        if not hits:
            return
        names = self._near_misses(text, vocabulary, hits)
        places = list(accumulate((len(word.text) + 1 for word in words), initial=1))
        for hit, name in zip(hits, names, strict=True):
            first = bisect_right(places, hit.start + 1) - 1
            last = bisect_right(places, hit.end - 1) - 1
            span = (words[first].start, max(words[last].end, words[first].end))
            kind = KIND_OF_TOPIC[hit.entry.topic]
            phrase = hit.entry
            yield PhraseMatch(
                phrase.id, kind, phrase.topic, phrase.strength, span, name
            )

    def _near_misses(
        self, text: str, words: frozenset[str], hits: list[Hit[Phrase]]
    ) -> list[str | None]:
        exceptions = list(self._exceptions.hits(text, words))
        if not exceptions:
            return [None] * len(hits)
        settled = list(self._settled.hits(text, words))
        withdrawals = [
            hit
            for hit in self._withdrawals.hits(text, words)
            if not any(_overlap(hit, calm) for calm in settled)
        ]
        names: list[str | None] = []
        for number, hit in enumerate(hits):
            name = _name(text, hit, exceptions, withdrawals)
            if name is None and any(
                earlier == "denied" and _carries_denial(text, hits[place], hit)
                for place, earlier in enumerate(names[-8:], max(0, number - 8))
            ):
                name = "denied"
            names.append(name)
        return names


def raises_alarm(matches: Iterable[PhraseMatch]) -> bool:
    """True if one alarm phrase, or two different hints, are no near miss."""
    serious = [match for match in matches if match.near_miss is None]
    if any(match.strength in ALARMING for match in serious):
        return True
    return len({match.id for match in serious}) > 1


def _window_starts(count: int) -> Iterator[int]:
    step = WINDOW_WORDS - WINDOW_OVERLAP
    yield 0
    yield from range(step, count - WINDOW_OVERLAP, step)


def _longest(hits: Iterable[Hit[Phrase]]) -> list[Hit[Phrase]]:
    """In text order; of overlapping hits of one entry only the longest."""
    kept: list[Hit[Phrase]] = []
    for hit in sorted(hits, key=lambda hit: (hit.entry.id, hit.start, -hit.end)):
        previous = kept[-1] if kept else None
        if previous and previous.entry is hit.entry and _overlap(previous, hit):
            continue
        kept.append(hit)
    return sorted(kept, key=lambda hit: (hit.start, hit.end))


def _overlap[A, B](one: Hit[A], other: Hit[B]) -> bool:
    return one.start < other.end and other.start < one.end


def _carries_denial(text: str, earlier: Hit[Phrase], hit: Hit[Phrase]) -> bool:
    """True for "kill myself" in "no plan to hurt myself or kill myself"."""
    between = text[earlier.end : hit.start].split()
    return ("or" in between or "nor" in between) and _CARRIES_DENIAL.issuperset(between)


def _name(
    text: str,
    hit: Hit[Phrase],
    exceptions: list[Hit[Exemption]],
    withdrawals: list[Hit[Exemption]],
) -> str | None:
    names = {
        name
        for exception in exceptions
        for name in exception.entry.near_misses
        if hit.entry.topic in exception.entry.topics
        and _concerns(text, exception, hit)
        and not _own_negation(text, exception, hit)
        and not any(
            _withdrawn(text, name, exception, hit, back) for back in withdrawals
        )
    }
    return next((name for name in _MOST_TELLING_FIRST if name in names), None)


def _own_negation(text: str, exception: Hit[Exemption], hit: Hit[Phrase]) -> bool:
    """True if the "not" is part of the danger: "I don't want to live"."""
    place = exception.entry.place
    if "denied" not in exception.entry.near_misses or place not in ("before", "over"):
        return False
    starts_negated = text[hit.start : hit.end].split()[0] in _NEGATIONS
    if starts_negated and exception.end > hit.start:
        return True
    if place == "over" and exception.start > hit.start:
        return exception.end < hit.end  # "my son is not suicidal" is denied
    return exception.start >= hit.start


def _concerns(text: str, exception: Hit[Exemption], hit: Hit[Phrase]) -> bool:
    place = exception.entry.place
    if place == "message" or (place == "over" and _overlap(exception, hit)):
        return True
    if place == "before":
        touches = exception.end == hit.start
        return touches or exception.start < hit.start < exception.end
    if place == "after":
        between = text[hit.end : exception.start]
        return exception.end > hit.end and not between.strip(" .,")
    if place == "sentence":
        first, last = min(exception.end, hit.end), max(exception.start, hit.start)
        return " . " not in text[first : last + 1]
    return False


def _withdrawn(
    text: str,
    name: str,
    exception: Hit[Exemption],
    hit: Hit[Phrase],
    back: Hit[Exemption],
) -> bool:
    if name not in back.entry.near_misses:
        return False
    place = back.entry.place
    if place == "after":
        return back.start >= max(exception.end, hit.end) - 1
    if place == "before":
        return back.end <= min(exception.start, hit.start) + 1
    return place == "message" or _concerns(text, back, hit)
