"""Decides whether a message sounds like a crisis or an emergency; no Rasa needed.

Called by the front desk on the raw text before anything else, and by the safety gate in
the NLU pipeline. Two witnesses: phrases (``safety/phrases``, owned by clinicians) and a
linear model on the sentence encoder, exported at training. Either can raise an alarm.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from safety.clauses import clauses_of
from safety.encoder import SentenceEncoder, shared_encoder
from safety.live_model import detector_file
from safety.phrase_matcher import ALARMING, PhraseMatch, PhraseMatcher
from safety.text_classifier import TextClassifier

ROOT = Path(__file__).resolve().parent.parent
MODEL_FILE = ROOT / "models" / "danger_detector.npz"
PHRASES_FOLDER = Path(__file__).resolve().parent / "phrases"
LONGEST_TEXT = 4000  # characters the model reads; phrases are sought in all of it
OTHER = "other"
KINDS = ("emergency", "crisis")
WEAK_REASONS = ("phrase", "clause", "phrase+model")
NAMED = 0.5  # a near miss that is likelier than everything else together


@dataclass(frozen=True)
class Thresholds:
    """Probabilities at which the model speaks; chosen on data (docs/decisions/0005)."""

    crisis: float = 0.45
    emergency: float = 0.45
    # The model alone, where every phrase found is marked as a near miss.
    against_near_miss: float = 0.75
    with_alarm: float = 0.05  # enough beside a phrase that is an alarm by itself
    with_hint: float = 0.3  # enough beside a phrase that only hints
    # Enough for one clause of a longer message.
    crisis_clause: float = 0.8
    emergency_clause: float = 0.85
    near_miss: float = 0.6  # so sure of a near miss that a phrase alone is softened
    harmless: float = 0.7  # so sure of no danger that a bodily sign alone is medical
    check_in: float = 0.1


@dataclass(frozen=True)
class Verdict:
    """What was found in one message."""

    level: str = "none"  # alarm | check_in | none
    kind: str | None = None  # crisis | emergency
    topic: str | None = None
    reason: str = ""  # certain | phrase | model | phrase+model | clause
    phrases: tuple[str, ...] = ()
    near_miss: str | None = None
    probability: float = 0.0

    @property
    def is_weak(self) -> bool:
        """Whether who understands more of the message may soften the alarm."""
        return self.reason in WEAK_REASONS


class DangerDetector:
    """Phrases and a small linear model; about 5 ms a message."""

    def __init__(
        self,
        phrases: PhraseMatcher,
        model: TextClassifier,
        encoder: SentenceEncoder,
        thresholds: Thresholds | None = None,
    ) -> None:
        """Puts a detector together; ``load`` reads the usual files."""
        self.phrases = phrases
        self.model = model
        self.encoder = encoder
        self.thresholds = thresholds or Thresholds()

    @classmethod
    def load(cls, model_file: Path | None = None) -> DangerDetector:
        """Reads the exported model and the phrases.

        Args:
            model_file: the live one if left out.

        Raises:
            ClassifierFileError: if the model is missing or broken.
        """
        return cls(
            PhraseMatcher.load(PHRASES_FOLDER),
            TextClassifier.load(model_file or detector_file()),
            shared_encoder(),
        )

    def detect(self, text: str) -> Verdict:
        """The verdict on one message, never an error for any text."""
        matches = self.phrases.match(text)
        read = text.strip()[:LONGEST_TEXT]
        whole, clauses = self._probabilities(read) if read else ({}, [])
        return judge(matches, whole, clauses, self.thresholds)

    def _probabilities(
        self, text: str
    ) -> tuple[dict[str, float], list[dict[str, float]]]:
        texts = [text, *clauses_of(text)]
        vectors = np.stack([self.encoder.encode(item) for item in texts])
        rows = [
            dict(zip(self.model.labels, map(float, row), strict=True))
            for row in self.model.probabilities(texts, vectors)
        ]
        return rows[0], rows[1:]


def judge(
    matches: list[PhraseMatch],
    whole: dict[str, float],
    clauses: list[dict[str, float]],
    thresholds: Thresholds,
) -> Verdict:
    """Weighs phrases and probabilities.

    Args:
        matches: the phrases found.
        whole: probability of each label for the whole message.
        clauses: the same for each clause of a longer message.
        thresholds: when the model speaks.
    """
    near_miss, sureness = _named_near_miss(matches, whole)
    names = tuple(match.id for match in matches)
    for kind in KINDS:  # emergency first (contract.md)
        mass = _mass(whole, kind)
        clause = max((_mass(row, kind) for row in clauses), default=0.0)
        spoken = [match for match in matches if match.kind == kind]
        reason = _reason(kind, spoken, mass, clause, sureness, whole, thresholds)
        # "I wish I would not wake up": the words of one, the meaning of the other.
        words_only = kind == "emergency" and reason == "phrase"
        if words_only and _mass(whole, "crisis") >= thresholds.crisis:
            continue
        if reason:
            topic = _topic(kind, whole, clauses, spoken)
            return Verdict("alarm", kind, topic, reason, names, None, max(mass, clause))
    mass = _mass(whole, "crisis")
    crisis_phrase = any(
        match.kind == "crisis" and match.strength in ALARMING for match in matches
    )
    if crisis_phrase or sureness >= NAMED or mass >= thresholds.check_in:
        return Verdict("check_in", None, None, "", names, near_miss, mass)
    return Verdict(phrases=names, probability=mass)


def _reason(
    kind: str,
    spoken: list[PhraseMatch],
    mass: float,
    clause: float,
    sureness: float,
    whole: dict[str, float],
    thresholds: Thresholds,
) -> str:
    """What raises an alarm of this kind; empty if nothing does."""
    alarms = [
        match
        for match in spoken
        if match.strength in ALARMING and match.near_miss is None
    ]
    # "Yes, I am suicidal": said in so many words, no model may take it for a denial.
    if any(match.strength == "certain" for match in alarms):
        return "certain"
    marked = bool(spoken) and all(match.near_miss for match in spoken)
    enough = getattr(thresholds, kind)
    if mass >= (thresholds.against_near_miss if marked else enough):
        return "phrase+model" if alarms else "model"
    strongest = max(mass, clause)
    if alarms and strongest >= thresholds.with_alarm and sureness < NAMED:
        return "phrase+model"
    if sureness < NAMED and not marked:
        if spoken and strongest >= thresholds.with_hint:
            return "phrase+model"
        if clause >= getattr(thresholds, f"{kind}_clause"):
            return "clause"
    # A phrase alone is softened where the model is sure of a near miss, and one that
    # names a bodily sign where the model is sure of an ordinary medical question.
    harmless = whole.get(OTHER, 0.0) >= thresholds.harmless and all(
        match.topic == "physical" for match in alarms
    )
    if alarms and sureness < thresholds.near_miss and not harmless:
        return "phrase"
    return ""


def _mass(row: dict[str, float], kind: str) -> float:
    return sum(value for label, value in row.items() if label.startswith(f"{kind}_"))


def _named_near_miss(
    matches: list[PhraseMatch], whole: dict[str, float]
) -> tuple[str | None, float]:
    """The near miss the model or the phrases name, and how sure the model is of one."""
    masses = {
        label.removeprefix("near_miss_"): value
        for label, value in whole.items()
        if label.startswith("near_miss_")
    }
    likeliest = max(masses, key=masses.__getitem__, default=None)
    sureness = sum(masses.values())
    if likeliest and sureness >= NAMED:
        return likeliest, sureness
    named = [match.near_miss for match in matches if match.near_miss]
    return (named[0] if named else None), sureness


def _topic(
    kind: str,
    whole: dict[str, float],
    clauses: list[dict[str, float]],
    spoken: list[PhraseMatch],
) -> str:
    """The likeliest topic of an alarm; a phrase decides where the model is unsure."""
    masses: dict[str, float] = {}
    for row in (whole, *clauses):
        for label, value in row.items():
            if label.startswith(f"{kind}_"):
                topic = label.removeprefix(f"{kind}_")
                masses[topic] = max(masses.get(topic, 0.0), value)
    for match in spoken:
        masses[match.topic] = masses.get(match.topic, 0.0) + 0.3
    return max(masses, key=masses.__getitem__)


@cache
def shared_detector() -> DangerDetector:
    """The detector that this process began with."""
    return DangerDetector.load()


# Set while a model is loaded beside another one: whose detector its gate is to ask.
detector_of_model: ContextVar[DangerDetector | None] = ContextVar(
    "detector_of_model", default=None
)
