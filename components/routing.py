"""Decides what a message is, from everything the pipeline knows about it.

Pure functions over probabilities, so that evaluation can sweep the thresholds without
running Rasa. Called by the safety gate. Order and border: docs/labelling.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from clinic.topics import (
    FOREIGN_INTENTS,
    INTENT_OF,
    NOT_UNDERSTOOD_INTENT,
    route_of,
    topic_of,
)
from safety.danger_detector import Verdict

MOST_SUGGESTIONS = 3
Probabilities = dict[str, float]


@dataclass(frozen=True)
class RoutingThresholds:
    """Chosen on the choosing halves of the test sets: docs/decisions/0005."""

    urgent: float = 0.6  # mass of crisis or emergency intents
    near_miss: float = 0.7  # so sure of a near miss that a phrase alone is softened
    # So sure of a general question that a weak alarm is softened.
    subject: float = 0.8
    subject_emergency: float = 0.95
    medical: float = 0.2  # mass of medical intents: when in doubt, hand off
    medical_hint: float = 0.08  # the same with a personal cue in the message
    medical_clause: float = 0.9  # mass in one clause …
    medical_clause_whole: float = 0.03  # … if the whole message agrees a little
    admin_clause: float = 0.8  # front desk mass in one clause of a general question
    answer: float = 0.4  # least probability of an intent that is acted on
    margin: float = 0.09  # two general topics closer than this: "did you mean"
    answer_out_of_scope: float = 0.25  # more out-of-scope mass than this: no answer
    suggest: float = 0.03  # least probability of a suggestion
    alternative: float = 0.025  # least probability of one offered beside an answer
    also: float = 0.25  # least probability of a general answer after a hand-off
    also_clause: float = 0.6  # the same within a clause of its own
    check_in: float = 0.06  # crisis mass at which the gentle line is added
    check_in_medical: float = 0.15


@dataclass(frozen=True)
class Evidence:
    """What is known about one message."""

    text: str
    whole: Probabilities
    clauses: list[Probabilities] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)


@dataclass(frozen=True)
class Decision:
    """What the message is taken for."""

    intent: str
    confidence: float
    reason: str  # which rule decided, for the log reader
    check_in: bool = False
    suggestions: tuple[str, ...] = ()  # faq topics
    also: str | None = None  # faq intent answered after a hand-off


_OWN = r"\b(?:i|i'?m|im|ive|i'?ve|my|me|mine|our|his|her|hers|their)\b"
OWN = re.compile(_OWN, re.IGNORECASE)
# Somebody speaks of themselves or of a person they know.
PERSONAL = re.compile(
    r"\b(?:i|i'?m|ive|i'?ve|ill|id|i'?d|me|my|mine|myself|we|us|our|he|she|him|her|his"
    r"|hers|kms)\b",
    re.IGNORECASE,
)
DOSE = re.compile(
    r"\b\d+(?:\.\d+)?\s?(?:mgs?|mcg|milligrams?|ml|cc|units?)\b|\bmg\s?(?:per|/)\s?kg\b"
    r"|\b(?:dose|doses|dosage|dosages|dosing|dosed|milligrams?|mgs?)\b",
    re.IGNORECASE,
)
SUICIDE_AS_WORD = re.compile(
    r"suic|self[- ]?harm|self[- ]?injur|(?:kill|harm|hurt|cut)(?:ing|s)? "
    r"(?:my|him|her|them|your|one)\w*sel[fv]|ending (?:my|their|your|his|her) life|988",
    re.IGNORECASE,
)
_FOREIGN_SCRIPT = re.compile(
    r"[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff"
    r"\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_LETTER = re.compile(r"[^\W\d_]")


def decide(evidence: Evidence, thresholds: RoutingThresholds | None = None) -> Decision:
    """The decision on one message: emergency, crisis, medical, admin, faq, the rest."""
    limits = thresholds or RoutingThresholds()
    urgent = _urgent(evidence, limits)
    if urgent:
        return urgent
    for rule in (_foreign, _medical, _front_desk):
        decision = rule(evidence, limits)
        if decision:
            return decision
    return _general(evidence, limits)


def mass(row: Probabilities, *routes: str) -> float:
    """Summed probability of the intents of some routes."""
    return sum(value for intent, value in row.items() if route_of(intent) in routes)


def _likeliest(row: Probabilities, *routes: str) -> tuple[str, float]:
    """The likeliest intent of some routes, with its probability."""
    fitting = {name: p for name, p in row.items() if route_of(name) in routes}
    name = max(fitting, key=fitting.__getitem__, default=NOT_UNDERSTOOD_INTENT)
    return name, fitting.get(name, 0.0)


def _near_miss(row: Probabilities) -> float:
    return sum(p for name, p in row.items() if name.startswith("near_miss_"))


def _urgent(evidence: Evidence, limits: RoutingThresholds) -> Decision | None:
    verdict, whole = evidence.verdict, evidence.whole
    if verdict.level == "alarm" and not _is_softened(evidence, limits):
        intent = INTENT_OF[str(verdict.kind), str(verdict.topic)]
        return Decision(intent, max(verdict.probability, 0.5), verdict.reason)
    for route in ("emergency", "crisis"):
        if mass(whole, route) >= limits.urgent:
            intent, _ = _likeliest(whole, route)
            return Decision(intent, mass(whole, route), "classifier")
    return None


def _is_softened(evidence: Evidence, limits: RoutingThresholds) -> bool:
    """Whether a weak alarm becomes a check-in: the classifier knows better.

    It names a near miss, or a general question in which nobody speaks of themselves
    ("why would it make someone stop wanting to die").
    """
    whole, reason = evidence.whole, evidence.verdict.reason
    if reason == "phrase" and _near_miss(whole) >= limits.near_miss:
        return True
    emergency = evidence.verdict.kind == "emergency"
    enough = limits.subject_emergency if emergency else limits.subject
    return (
        evidence.verdict.is_weak
        and mass(whole, "faq") >= enough
        and PERSONAL.search(evidence.text) is None
    )


def _foreign(evidence: Evidence, limits: RoutingThresholds) -> Decision | None:
    check_in = evidence.verdict.level != "none"
    letters = len(_LETTER.findall(evidence.text))
    if letters and len(_FOREIGN_SCRIPT.findall(evidence.text)) > letters / 3:
        return Decision("foreign_other", 1.0, "script", check_in)
    masses = {name: evidence.whole.get(name, 0.0) for name in FOREIGN_INTENTS}
    if sum(masses.values()) >= limits.answer:
        name = max(masses, key=masses.__getitem__)
        return Decision(name, sum(masses.values()), "classifier", check_in)
    return None


def _medical(evidence: Evidence, limits: RoutingThresholds) -> Decision | None:
    whole = evidence.whole
    total = mass(whole, "medical")
    clause = max((mass(row, "medical") for row in evidence.clauses), default=0.0)
    cue = _cue(evidence)
    other = mass(whole, "admin", "out_of_scope", "small_talk")
    reason = ""
    if total >= limits.medical:
        reason = "classifier"
    elif (cue in ("pregnancy", "dosing") and other < 0.5) or (
        cue and total >= limits.medical_hint
    ):
        reason = "cue"
    elif (
        clause >= limits.medical_clause
        and total >= limits.medical_clause_whole
        and other < 0.5
    ):
        reason = "clause"
    if not reason:
        return None
    intent, _ = _likeliest(whole, "medical")
    if cue in ("pregnancy", "dosing") and total < limits.medical:
        intent = INTENT_OF["medical", str(cue)]
    elif reason == "clause":
        row = max(evidence.clauses, key=lambda entry: mass(entry, "medical"))
        intent, _ = _likeliest(row, "medical")
    return Decision(
        intent,
        max(total, clause),
        reason,
        check_in=_check_in(evidence, intent, limits.check_in_medical),
        also=_also(evidence, limits),
    )


def _front_desk(evidence: Evidence, limits: RoutingThresholds) -> Decision | None:
    """A front desk matter in one clause comes before the general question beside it."""
    if mass(evidence.whole, "faq") < 0.5 or not evidence.clauses:
        return None
    row = max(evidence.clauses, key=lambda entry: mass(entry, "admin"))
    intent, probability = _likeliest(row, "admin")
    also = _also(evidence, limits)
    if probability < limits.admin_clause or also is None:
        return None
    check_in = _check_in(evidence, intent, limits.check_in)
    return Decision(intent, probability, "clause", check_in=check_in, also=also)


def _cue(evidence: Evidence) -> str | None:
    """What in the message speaks of one person's body or of a dose."""
    kinds = {entity.get("entity") for entity in evidence.entities}
    if "pregnancy" in kinds:
        return "pregnancy"
    if DOSE.search(evidence.text):
        return "dosing"
    if "medicine" in kinds and OWN.search(evidence.text):
        return "own medicine"
    if "age" in kinds:
        return "age"
    return None


def _also(evidence: Evidence, limits: RoutingThresholds) -> str | None:
    """The general question that was asked beside the medical one."""
    intent, probability = _likeliest(evidence.whole, "faq")
    if probability >= limits.also:
        return intent
    best = ((*_likeliest(row, "faq"), mass(row, "medical")) for row in evidence.clauses)
    for name, likely, medical in sorted(best, key=lambda item: -item[1]):
        if likely >= limits.also_clause and medical < limits.medical:
            return name
    return None


def _general(evidence: Evidence, limits: RoutingThresholds) -> Decision:
    whole = evidence.whole
    intent = max(whole, key=whole.__getitem__, default=NOT_UNDERSTOOD_INTENT)
    probability = whole.get(intent, 0.0)
    route = route_of(intent)
    check_in = _check_in(evidence, intent, limits.check_in)
    rivals = [p for name, p in whole.items() if name != intent and name[:4] == "ask_"]
    unsure = probability < limits.answer
    if route == "faq":
        unsure |= probability - max(rivals, default=0.0) < limits.margin
        unsure |= mass(whole, "out_of_scope") >= limits.answer_out_of_scope
    if intent == "unclear" or (unsure and route != "out_of_scope"):
        topics = _topics(whole, limits.suggest)
        return Decision(
            NOT_UNDERSTOOD_INTENT,
            probability,
            "unsure",
            check_in=check_in,
            suggestions=tuple(topics[:MOST_SUGGESTIONS]),
        )
    others = [t for t in _topics(whole, limits.alternative) if t != topic_of(intent)]
    return Decision(
        intent,
        probability,
        "classifier",
        check_in=check_in,
        suggestions=tuple(others[: MOST_SUGGESTIONS - 1]) if route == "faq" else (),
    )


def _topics(row: Probabilities, least: float) -> list[str]:
    """The faq topics above a probability, likeliest first."""
    likely = sorted(row.items(), key=lambda item: -item[1])
    return [
        str(topic_of(intent))
        for intent, probability in likely
        if probability >= least and route_of(intent) == "faq"
    ]


def _check_in(evidence: Evidence, intent: str, least: float) -> bool:
    """Whether the gentle line belongs under the reply."""
    if intent in ("low_mood", "near_miss_denied", "near_miss_past"):
        return True
    return (
        evidence.verdict.level != "none"
        or SUICIDE_AS_WORD.search(evidence.text) is not None
        or mass(evidence.whole, "crisis") >= least
    )
