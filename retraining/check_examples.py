"""House checks on what patients say, in training and tests. Used by ``checks``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from retraining.check_tree import Example, Problem, Tree

# So short that training and tests may share them ("thank you", "how much").
SHORT = 2  # words
PHONE = re.compile(r"\(?\b\d{3}\)?[-. ]?\d{3}[-. ]\d{4}\b|\b\d{10,11}\b")
EMAIL = re.compile(r"\S+@\S+\.\w|\b\w+ at (?:gmail|yahoo|hotmail|outlook)\b", re.I)
NAMED = re.compile(
    r"\b(?:[Mm]y name is|[Mm]y name's|[Tt]his is|I am called|[Hh]ere is) "
    r"(?:Mr|Mrs|Ms|Dr)?\.? ?[A-Z][a-z]{2,}\b(?! (?:is|are|was))"
)
MARKUP = re.compile(r"[\[\](){}]|^/")
# Conversations that went wrong and may not again: played, but no figure comes from
# them, so they may be said in the words that the assistant was corrected with.
REVIEWED_STORIES = "tests/stories/reviewed/"


def check_one_intent(tree: Tree) -> Iterator[Problem]:
    """No sentence has two intents, in training or in the tests."""
    for examples in (tree.training, tree.test_examples):
        for same in _by_text(examples).values():
            first = same[0]
            for other in same[1:]:
                if other.intent != first.intent:
                    yield Problem(
                        "error",
                        "two-intents",
                        other.where,
                        f"'{other.text}' is {other.intent} here and "
                        f"{first.intent} in {first.where}",
                        "Decide by docs/labelling.md and keep one.",
                    )


def check_twice(tree: Tree) -> Iterator[Problem]:
    """No training sentence stands twice in its intent."""
    for same in _by_text(tree.training).values():
        for other in same[1:]:
            if other.intent == same[0].intent:
                yield Problem(
                    "warning",
                    "example-twice",
                    other.where,
                    f"'{other.text}' is in {same[0].where} already",
                    "Remove one.",
                )


def check_not_shared(tree: Tree) -> Iterator[Problem]:
    """No training sentence is a test sentence: the score would flatter."""
    tested: dict[str, str] = {}
    for example in tree.test_examples:
        tested.setdefault(normalised(example.text), example.where)
    for turn in tree.turns:
        if not turn.where.startswith(REVIEWED_STORIES):
            tested.setdefault(normalised(turn.text), turn.where)
    for example in tree.training:
        key = normalised(example.text)
        if key in tested and len(key.split()) > SHORT:
            yield Problem(
                "error",
                "shared-with-tests",
                example.where,
                f"'{example.text}' is a test sentence too ({tested[key]})",
                "Remove or reword the training sentence.",
            )


def check_private(tree: Tree) -> Iterator[Problem]:
    """No phone number, e-mail address or person's name in a sentence."""
    sentences = [(example.text, example.where) for example in tree.training]
    sentences += [(example.text, example.where) for example in tree.test_examples]
    sentences += [(turn.text, turn.where) for turn in tree.turns]
    patterns = (("phone number", PHONE), ("e-mail address", EMAIL), ("name", NAMED))
    for text, where in sentences:
        for kind, pattern in patterns:
            if found := pattern.search(text):
                yield Problem(
                    "error",
                    "private-data",
                    where,
                    f"'{found[0]}' reads like a {kind}",
                    "Take it out, invented ones too: git does not forget.",
                )


def check_markup(tree: Tree) -> Iterator[Problem]:
    """Nothing that Rasa reads as an entity, a synonym or an intent."""
    for example in tree.training:
        if found := MARKUP.search(example.text):
            yield Problem(
                "error",
                "markup",
                example.where,
                f"'{found[0]}' is read as markup by Rasa",
                "Write it in other words; entities come from data/nlu/lookups.",
            )
        elif not example.text:
            yield Problem("error", "markup", example.where, "empty", "Remove it.")


def normalised(text: str) -> str:
    """How sentences are compared: no case, no punctuation, single spaces."""
    straight = text.casefold().replace("\u2019", "'").replace("'", "")
    return " ".join(re.findall(r"\w+", straight)) or straight.strip()


def _by_text(examples: list[Example]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        found[normalised(example.text)].append(example)
    return found
