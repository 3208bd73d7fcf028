"""How patients and staff read the source of a fact."""

import pytest
import yaml

from clinic.sources import (
    FACT_FILES,
    KNOWLEDGE,
    WORDS_FILE,
    source_on_record,
    source_title,
    source_titles,
)

SOURCES = [
    fact["source"]
    for name in FACT_FILES
    for fact in yaml.safe_load((KNOWLEDGE / name).read_text(encoding="utf-8"))["facts"]
]
WORDS = yaml.safe_load((KNOWLEDGE / WORDS_FILE).read_text(encoding="utf-8"))["words"]


def test_patients_read_the_clinics_policy_as_its_own():
    assert source_title("F-COST-15") == "Our clinic's own policy"
    assert (
        source_on_record("F-COST-15")
        == "Local clinic policy (the clinic (placeholder))"
    )


def test_other_sources_are_read_as_recorded():
    assert source_title("F-COST-14") == source_on_record("F-COST-14")
    assert source_title("F-NONE-99") is source_on_record("F-NONE-99") is None


def test_words_that_are_the_same_are_said_once():
    titles = source_titles(["F-PREPARATION-01", "F-PREPARATION-02", "A public page"])

    assert titles == [
        "Instructions other ketamine clinics give their patients (2023)",
        "A public page",
    ]


def test_words_belong_to_a_source_there_is():
    assert WORDS.keys() <= {source.get("key") for source in SOURCES}


@pytest.mark.parametrize(
    "source",
    [each for each in SOURCES if "clinic)" in str(each["publisher"])],
    ids=lambda source: source["key"],
)
def test_no_other_clinic_is_named_to_patients(source):
    assert source["publisher"].split(" (")[0] not in WORDS[source["key"]]
