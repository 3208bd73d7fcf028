"""Every claim of the source articles: said where it may be, never where it may not."""

import re
from pathlib import Path

import pytest
import yaml

from clinic.answers import AnswerLibrary

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"


def _claims(file):
    content = yaml.safe_load((KNOWLEDGE / file).read_text(encoding="utf-8"))
    return {claim["id"]: claim for claim in content["claims"]}


SOURCES = _claims("source_claims.yml")
STATED = _claims("claims.yml")
LIBRARY = AnswerLibrary()


def _plain(text):
    return " ".join(text.lower().split())


TEXTS = [(answer.name, _plain(answer.text)) for answer in LIBRARY.all()]


def _may_be_stated(source):
    return str(source["patient_facing_may_state"]) != "no"


def _must_never_be_said(source):
    bad = source["verdict"] in ("promotional", "contradicted")
    return bad or not _may_be_stated(source)


def _ids(fits):
    return [claim for claim, source in SOURCES.items() if fits(source)]


def test_every_source_claim_has_an_entry():
    assert STATED.keys() == SOURCES.keys()


@pytest.mark.parametrize("claim", _ids(_may_be_stated))
def test_claim_that_may_be_stated_is_stated_by_its_response(claim):
    entry = STATED[claim]
    wanted = entry.get("when")
    texts = [
        _plain(answer.text)
        for answer in LIBRARY.variations(entry["stated_in"])
        if wanted is None or answer.conditions == wanted
    ]

    assert entry["phrases"]
    assert any(
        all(re.search(phrase, text) for phrase in entry["phrases"]) for text in texts
    ), f"{entry['stated_in']} no longer says it: {SOURCES[claim]['claim']}"


@pytest.mark.parametrize("claim", _ids(_may_be_stated))
def test_claim_that_may_be_stated_has_a_question(claim):
    assert len(str(STATED[claim]["question"]).split()) >= 3


@pytest.mark.parametrize("claim", _ids(lambda source: not _may_be_stated(source)))
def test_claim_that_may_not_be_stated_has_no_response(claim):
    assert STATED[claim]["stated_in"] == "none"


@pytest.mark.parametrize("claim", _ids(_must_never_be_said))
def test_no_text_says_a_promotional_or_contradicted_claim(claim):
    patterns = STATED[claim]["never_says"]

    assert 1 <= len(patterns) <= 3
    said = [
        (name, pattern)
        for pattern in patterns
        for name, text in TEXTS
        if re.search(pattern, text)
    ]
    assert not said


@pytest.mark.parametrize(
    "claim", _ids(lambda source: STATED[source["id"]]["stated_in"] == "none")
)
def test_what_is_said_instead_is_said(claim):
    for phrase in STATED[claim].get("phrases") or []:
        assert any(re.search(phrase, text) for _, text in TEXTS), phrase


@pytest.mark.parametrize("claim, wording", [
    ("SC-000-03", "research shows up to 70% of people improve"),
    ("SC-000-04", "experts call it a game-changer"),
    ("SC-000-07", "serious reactions such as slowed breathing are rare"),
    ("SC-000-09", "side effects are mild"),
    ("SC-001-01", "ketamine was discovered in 1956"),
    ("SC-001-08", "it rewires the brain"),
    ("SC-001-09", "it gives lasting relief"),
    ("SC-001-20", "a safe and effective experience"),
    ("SC-003-04", "older medicines target only one neurotransmitter"),
    ("SC-003-09", "long-lasting improvement in mood"),
    ("SC-003-15", "hallucinations are rare"),
    ("SC-003-20", "contact dr. smith"),
    ("SC-004-21", "this can be life-changing"),
    ("SC-004-32", "it treats the underlying causes"),
])  # fmt: skip
def test_the_patterns_find_the_claim_itself(claim, wording):
    assert any(re.search(pattern, wording) for pattern in STATED[claim]["never_says"])


def _topics_of(claim):
    """Topics whose answer holds what is said, or what is said instead."""
    entry = STATED[claim]
    names = {entry["stated_in"]} - {"none"}
    if not names:
        names = {
            name
            for name, text in TEXTS
            if all(re.search(phrase, text) for phrase in entry["phrases"])
        }
    topics = {LIBRARY.variations(name)[0].metadata.get("topic") for name in names}
    return topics | {SOURCES[claim]["topic"]}


@pytest.mark.model
@pytest.mark.parametrize(
    "claim",
    [claim for claim, entry in STATED.items() if entry.get("phrases")],
)
def test_question_reaches_the_answer(claim, assistant):
    messages = assistant.ask(STATED[claim]["question"])

    topics = [message.topic for message in messages]
    assert _topics_of(claim) & set(topics), topics
