"""New examples whose intent is not what the live model hears in them.

Used by ``retraining.static_gate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clinic.topics import route_of
from retraining.check_tree import Example
from retraining.gate import Reason, counted
from safety.danger_detector import Verdict

URGENT_PREFIXES = ("crisis_", "emergency_")
# What may sound like danger and is none; people who correct false alarms use these.
NEAR_DANGER = ("near_miss_", "low_mood")
STAFF_ROUTES = ("crisis", "emergency", "medical")
ORDINARY_ROUTES = ("faq", "admin", "small_talk")
MOST_NAMED = 3
Routes = Callable[[str], dict[str, float]]  # the live classifier: route, probability
SURE = 0.9  # of the live model


def sounds_dangerous(
    added: Sequence[Example], detect: Callable[[str], Verdict]
) -> Iterator[Reason]:
    """Examples taught as something else in which the detector hears danger."""
    verdicts = [
        (item, detect(item.text))
        for item in added
        if not item.intent.startswith(URGENT_PREFIXES)
    ]
    alarms = [(item, found) for item, found in verdicts if found.level == "alarm"]
    ordinary = [i for i, _ in alarms if not i.intent.startswith(NEAR_DANGER)]
    near = [(i, found) for i, found in alarms if i.intent.startswith(NEAR_DANGER)]
    certain = [item for item, found in near if found.reason == "certain"]
    sure = [i for i, f in near if f.probability >= SURE and i not in certain]
    if ordinary or certain:
        heard = ordinary + certain
        yield Reason(
            "danger-as-ordinary",
            f"{counted(len(heard), 'new example')} of {intents_of(heard)} sounding "
            f"like a crisis or an emergency: {quoted(heard)}.",
            "Give them the intent of the danger, or of a near miss, or take them out."
            if ordinary
            else "They say it in so many words: no near miss. Take them out.",
            can_be_overridden=False,
        )
    if sure:
        yield Reason(
            "danger-as-near-miss",
            f"{counted(len(sure), 'new example')} would be no danger, where the live "
            f"detector is sure of a crisis or an emergency: {quoted(sure)}.",
            "Have a clinician read them. If these are false alarms, two people can "
            "say so.",
        )


def another_matter(added: Sequence[Example], routes: Routes) -> Iterator[Reason]:
    """Examples that the live model is sure belong to another kind of matter."""
    for_staff, ordinary = [], []
    for item in added:
        own = route_of(item.intent)
        if item.intent.startswith(URGENT_PREFIXES):
            if _share(routes(item.text), ORDINARY_ROUTES) >= SURE:
                ordinary.append(item)
        elif own not in STAFF_ROUTES:
            # A false alarm that is corrected is judged by the detector, above.
            near = item.intent.startswith(NEAR_DANGER)
            heard = ("medical",) if near else STAFF_ROUTES
            if _share(routes(item.text), heard) >= SURE:
                for_staff.append(item)
    if for_staff:
        yield Reason(
            "medical-as-ordinary",
            f"{counted(len(for_staff), 'new example')} of {intents_of(for_staff)}: "
            f"questions for clinical staff to the live model: {quoted(for_staff)}.",
            "Give them a medical intent (docs/labelling.md has the border).",
        )
    if ordinary:
        yield Reason(
            "ordinary-as-danger",
            f"{counted(len(ordinary), 'new example')} of {intents_of(ordinary)}: "
            f"ordinary questions to the live model: {quoted(ordinary)}. Nobody "
            f"believes an alarm that rings for everything.",
            "Give them the intent of what is asked (docs/labelling.md).",
        )


def _share(found: dict[str, float], wanted: Sequence[str]) -> float:
    return sum(found.get(route, 0.0) for route in wanted)


def intents_of(items: Sequence[Example]) -> str:
    """The first intents of some examples, for people."""
    return ", ".join(sorted({item.intent for item in items})[:MOST_NAMED])


def quoted(items: Sequence[Example]) -> str:
    """The first of some examples, for people."""
    shown = "; ".join(f"“{item.text}” as {item.intent}" for item in items[:MOST_NAMED])
    more = len(items) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
