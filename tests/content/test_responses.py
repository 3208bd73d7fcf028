"""What patients read: shape, grade, metadata, and a snapshot of every word."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from clinic.answers import AnswerLibrary
from clinic.facts import facts_of, fill
from clinic.profile import load_clinic
from clinic.topics import ROUTES
from retraining.readability import reading_grade

SNAPSHOT = Path(__file__).parent / "snapshot.yml"
RENEW = "PYTHONPATH=. .venv/bin/python tests/content/test_responses.py"
NOON = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
LIBRARY = AnswerLibrary()
ANSWERS = [
    pytest.param(answer, id=f"{name}[{number}]")
    for name in LIBRARY.names()
    for number, answer in enumerate(LIBRARY.variations(name))
]
ENGLISH = [param for param in ANSWERS if "spanish" not in param.id]
METADATA = {"route", "status", "approved_by", "approved_on", "review_by", "sources"}


def _snapshot_of(library):
    return {
        name: [
            {"when": answer.conditions, "text": answer.text}
            for answer in library.variations(name)
        ]
        for name in library.names()
    }


class _Dumper(yaml.SafeDumper):
    """Writes texts as blocks, so that a change reads as a change of words."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def renew_snapshot():
    content = yaml.dump(
        _snapshot_of(LIBRARY), Dumper=_Dumper, allow_unicode=True, width=1000
    )
    head = f"# Every text for patients, word for word. Renew: {RENEW}\n"
    SNAPSHOT.write_text(head + content, encoding="utf-8")


@pytest.mark.parametrize("answer", ENGLISH)
@pytest.mark.parametrize("drug_names", [True, False], ids=["all words", "no drugs"])
def test_text_reads_at_grade_eight_or_below(answer, drug_names):
    assert reading_grade(answer.text, drug_names=drug_names) <= 8


@pytest.mark.parametrize("answer", ANSWERS)
def test_text_is_at_most_three_short_bubbles(answer):
    bubbles = answer.text.split("\n\n")

    assert len(bubbles) <= 3
    assert all(bubble.strip() for bubble in bubbles)
    assert max(len(bubble.split()) for bubble in bubbles) <= 90


@pytest.mark.parametrize("answer", ANSWERS)
def test_metadata_is_complete(answer):
    assert answer.metadata.keys() >= METADATA
    assert answer.metadata["route"] in ROUTES
    assert answer.metadata["status"] in ("draft", "approved")


@pytest.mark.parametrize("answer", ANSWERS)
def test_placeholders_are_all_filled(answer):
    filled = fill(answer.text, facts_of(load_clinic(), NOON))

    assert not set("{}") & set(filled)


def test_an_approval_names_who_and_when():
    for answer in LIBRARY.all():
        approval = (answer.metadata["approved_by"], answer.metadata["approved_on"])
        assert all(approval) if not answer.is_draft else not any(approval), answer.name


def test_wording_is_the_snapshot():
    kept = yaml.safe_load(SNAPSHOT.read_text(encoding="utf-8"))
    now = _snapshot_of(LIBRARY)

    changed = sorted(
        name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name)
    )

    assert not changed, (
        f"The wording of {', '.join(changed)} changed. If a clinician is to review it "
        f"so (status: draft), renew the snapshot:\n    {RENEW}"
    )


if __name__ == "__main__":
    renew_snapshot()
