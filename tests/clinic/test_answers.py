"""The approved answers: reading, choosing, taking turns, going out of date."""

import os
from datetime import date

import pytest

from clinic.answers import Answer, AnswerFileError, AnswerLibrary, read_responses

COST = """version: "3.1"
responses:
  utter_cost:
  - text: Plain.
    metadata: {route: faq, review_by: "2027-02-22"}
  - text: Plain, said again.
    metadata: {route: faq, review_by: "2027-02-22"}
  - condition:
    - {type: slot, name: treatment, value: iv}
    text: By IV.
    metadata: {route: faq, review_by: "2027-02-22"}
  - condition:
    - {type: slot, name: treatment, value: iv}
    - {type: slot, name: insurer, value: va}
    text: By IV, with the VA.
    metadata: {route: faq, review_by: "2027-02-22"}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cost.yml").write_text(COST, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("slots, times_given, text", [
    ({},                                       0, "Plain."),
    ({},                                       1, "Plain, said again."),
    ({},                                       2, "Plain."),
    ({"treatment": "iv"},                      0, "By IV."),
    ({"treatment": "iv"},                      1, "By IV."),
    ({"treatment": "iv", "insurer": "va"},     0, "By IV, with the VA."),
    ({"treatment": None, "insurer": "va"},     0, "Plain."),
    ({"treatment": "spravato"},                0, "Plain."),
])  # fmt: skip
def test_choose_takes_the_closest_fit_and_turns(folder, slots, times_given, text):
    assert AnswerLibrary(folder).choose("utter_cost", slots, times_given).text == text


def test_choose_names_an_unknown_response(folder):
    with pytest.raises(KeyError, match="utter_none"):
        AnswerLibrary(folder).choose("utter_none", {})


def test_library_knows_names_and_variations(folder):
    library = AnswerLibrary(folder)

    assert library.names() == ["utter_cost"]
    assert "utter_cost" in library
    assert "utter_none" not in library
    assert len(library.all()) == len(library.variations("utter_cost")) == 4


@pytest.mark.parametrize("metadata, today, refused", [
    ({"route": "faq"},                              "2027-02-21", False),
    ({"route": "faq"},                              "2027-02-22", False),  # last day
    ({"route": "faq"},                              "2027-02-23", True),
    ({"route": "admin"},                            "2027-02-23", True),
    ({"route": "crisis"},                           "2037-02-23", False),
    ({"route": "emergency"},                        "2037-02-23", False),
    ({"route": "medical", "kind": "handoff"},       "2037-02-23", False),
    ({"route": "not_understood", "kind": "fallback"}, "2037-02-23", False),
    ({"route": "small_talk", "kind": "line"},       "2037-02-23", False),
])  # fmt: skip
def test_refused_when_overdue_unless_safety_needs_it(metadata, today, refused):
    answer = Answer("utter_x", "text", {}, {"review_by": "2027-02-22", **metadata})

    assert answer.is_refused(date.fromisoformat(today)) is refused


@pytest.mark.parametrize("status, is_draft", [("draft", True), ("approved", False)])
def test_draft_until_approved(status, is_draft):
    assert Answer("utter_x", "text", {}, {"status": status}).is_draft is is_draft


def test_without_a_status_it_is_a_draft():
    assert Answer("utter_x", "text").is_draft


def test_version_changes_with_the_text_only():
    first = Answer("utter_x", "one", {}, {"status": "draft"})

    assert first.version == Answer("utter_y", "one").version
    assert first.version != Answer("utter_x", "two").version


def _touch(path, text, seconds):
    path.write_text(text, encoding="utf-8")
    os.utime(path, (seconds, seconds))


def test_refresh_reads_a_changed_an_added_and_a_removed_file(folder):
    library = AnswerLibrary(folder)

    _touch(folder / "cost.yml", COST.replace("Plain.", "New."), 2_000_000_000)
    library.refresh()
    assert library.choose("utter_cost", {}).text == "New."

    _touch(folder / "more.yml", COST.replace("utter_cost", "utter_more"), 1)
    library.refresh()
    assert library.names() == ["utter_cost", "utter_more"]

    (folder / "cost.yml").unlink()
    library.refresh()
    assert library.names() == ["utter_more"]


def test_refresh_reads_nothing_when_nothing_changed(folder):
    library = AnswerLibrary(folder)
    before = library.choose("utter_cost", {})

    library.refresh()

    assert library.choose("utter_cost", {}) is before


def test_broken_edit_is_told_and_leaves_the_old_texts(folder):
    library = AnswerLibrary(folder)
    _touch(folder / "cost.yml", "responses: [", 2_000_000_000)

    with pytest.raises(AnswerFileError, match=r"cost\.yml"):
        library.refresh()

    assert library.choose("utter_cost", {}).text == "Plain."


def test_same_response_in_two_files_is_refused(folder):
    (folder / "other.yml").write_text(COST, encoding="utf-8")

    with pytest.raises(
        AnswerFileError, match=r"other.yml: utter_cost is defined twice"
    ):
        AnswerLibrary(folder)


@pytest.mark.parametrize("content, words", [
    ("responses: [",                                            "not valid YAML"),
    ("responses:\n  utter_x:\n  - metadata: {}\n",              "has no text"),
    ("responses:\n  utter_x:\n  - text: '  '\n",                "has no text"),
    ("responses:\n  utter_x:\n  - just words\n",                "has no text"),
    ("responses:\n  utter_x: []\n",                             "no condition"),
    ("responses:\n  utter_x: 7\n",                              "list of variations"),
    ("just words\n",                                            "list of variations"),
    ("responses: \udce9\n",                                     "not valid YAML"),
    ("responses:\n  utter_x:\n  - text: a\n    condition: [x]\n", "list of variations"),
    ("responses:\n  utter_x:\n  - text: a\n    condition:\n"
     "    - {type: slot, name: treatment, value: iv}\n",        "no condition"),
])  # fmt: skip
def test_unusable_file_is_refused_by_name(tmp_path, content, words):
    file = tmp_path / "bad.yml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(AnswerFileError, match=r"bad\.yml") as error:
        read_responses(file)

    assert words in str(error.value)


def test_empty_file_has_no_responses(tmp_path):
    (tmp_path / "empty.yml").write_text("", encoding="utf-8")

    assert read_responses(tmp_path / "empty.yml") == {}
