# ruff: noqa: RUF001
"""Terms, ages and near misses, on the real look-up tables; no model needed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import SPACY_DOCS
from rasa.shared.importers.utils import training_data_from_paths
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.vocabulary_entity_extractor import VocabularyEntityExtractor

ROOT = Path(__file__).resolve().parents[2]
RESOURCE = Resource("vocabulary")


def _lookups():
    files = sorted(str(file) for file in (ROOT / "data/nlu/lookups").glob("*.yml"))
    return training_data_from_paths(files, "en")


LOOKUPS = _lookups()


def _trained(storage, data=LOOKUPS):
    extractor = VocabularyEntityExtractor.create({}, storage, RESOURCE, None)
    extractor.train(data)
    return extractor


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    return LocalModelStorage(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def extractor(storage):
    return _trained(storage)


def _found(extractor, text):
    return [(item["entity"], item["value"]) for item in extractor.find(text)]


# fmt: off
FOUND = [
    # value of the slot, by synonym
    ("how much is an infusion", [("treatment", "iv")]),
    ("price of the nasal spray", [("treatment", "spravato")]),
    ("lozenges by mail", [("treatment", "at_home"), ("treatment", "at_home")]),
    ("do you take aetna", [("insurer", "private")]),
    ("Kaiser Permanente?", [("insurer", "kaiser")]),
    ("does the VA pay for fibro", [("insurer", "va"), ("condition", "chronic_pain")]),
    ("does it help OCD or PTSD", [("condition", "ocd"), ("condition", "ptsd")]),
    ("I take zoloft", [("medicine", "sertraline")]),
    # longest first
    ("iv infusion", [("treatment", "iv")]),
    ("treatment resistant depression", [("condition", "depression")]),
    ("postpartum depression", [("condition", "postpartum_depression")]),
    ("bipolar depression", [("condition", "bipolar")]),
    ("anthem blue cross blue shield", [("insurer", "private")]),
    ("humana tricare", [("insurer", "tricare")]),
    # misspelt
    ("spravado cost", [("treatment", "spravato")]),
    ("setraline", [("medicine", "sertraline")]),
    ("deppression", [("condition", "depression")]),
    ("im pregnent", [("pregnancy", "pregnant")]),
    # quotes, capitals, blanks, stops, joined words
    ("I can't sleep", [("condition", "insomnia")]),
    ("I can’t sleep", [("condition", "insomnia")]),
    ("i cant sleep", [("condition", "insomnia")]),
    ("children's health insurance", [("insurer", "medicaid")]),
    ("BLUE   CROSS", [("insurer", "private")]),
    ("blue\ncross", [("insurer", "private")]),
    ("(spravato)", [("treatment", "spravato")]),
    ("zoloft/lexapro", [("medicine", "sertraline"), ("medicine", "escitalopram")]),
    ("I'm on zoloft.", [("medicine", "sertraline")]),
    ("by i.v.", [("treatment", "iv")]),
    ("is I.V. safe", [("treatment", "iv")]),
    ("the v.a. pays", [("insurer", "va")]),
    ("c-ptsd", [("condition", "ptsd")]),
    # ages
    ("I'm 72", [("age", "72")]),
    ("i’m 72.", [("age", "72")]),
    ("im 19 and anxious", [("age", "19"), ("condition", "anxiety")]),
    ("i am 67 years old", [("age", "67")]),
    ("she's 15", [("age", "15")]),
    ("hes 15, ok?", [("age", "15")]),
    ("my mother is 83", [("age", "83")]),
    ("72 yo female", [("age", "72")]),
    ("a 16-year-old", [("age", "16")]),
    ("just turned 18!", [("age", "18")]),
    ("aged 90", [("age", "90")]),
    ("my teenager", [("age", "under_18")]),
    ("elderly patients", [("age", "older_adult")]),
    # near misses
    ("i'm 5 minutes late", []),
    ("i'm 10 miles away", []),
    ("i am 100% sure", []),
    ("im 3rd in line", []),
    ("my slot is 10:30", []),
    ("is 6 sessions normal", []),
    ("the price is 450", []),
    ("is it 120", []),
    ("he is 111", []),
    ("suite 72", []),
    ("it's been 5 years", []),
    ("2026", []),
    ("i have a dripping tap", []),
    ("shotgun", []),
    ("private", []),
    ("ivory", []),
    ("painting", []),
    ("ketamine", []),
    ("", []),
    (" \n ", []),
    ("???", []),
    ("''", []),
]
# fmt: on


@pytest.mark.parametrize(("text", "entities"), FOUND)
def test_terms_and_ages(extractor, text, entities):
    assert _found(extractor, text) == entities


@pytest.mark.parametrize(
    "table", LOOKUPS.lookup_tables, ids=lambda table: table["name"]
)
def test_every_term_of_a_table_is_found_whole(extractor, table):
    """A term that is never found is a promise to retraining staff that fails."""
    missed = [
        term
        for term in table["elements"]
        if not any(
            item["start"] == 0 and item["end"] == len(term.rstrip("."))
            for item in extractor.find(term)
        )
    ]

    assert missed == []


def test_offsets_are_exact(extractor):
    text = "Hi — I can’t sleep, take Zoloft and\nI'm 72. Kaiser  Permanente?"

    spans = [text[item["start"] : item["end"]] for item in extractor.find(text)]

    assert spans == ["can’t sleep", "Zoloft", "I'm 72", "Kaiser  Permanente"]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("i'’m 72.ivspravato\n-,É\u00df\U0001f600")))
def test_any_text_gives_spans_inside_it_in_order(extractor, text):
    starts = []
    for item in extractor.find(text):
        assert 0 <= item["start"] < item["end"] <= len(text)
        starts.append(item["start"])
    assert starts == sorted(starts)


def test_process_adds_to_what_was_found_before(extractor):
    earlier = {"entity": "place", "value": "Denver", "start": 0, "end": 6}
    message = Message({TEXT: "Denver spravato", ENTITIES: [earlier]})

    entities = extractor.process([message])[0].get(ENTITIES)

    assert entities[0] == earlier
    assert entities[1]["value"] == "spravato"
    assert entities[1]["extractor"] == "VocabularyEntityExtractor"


def test_message_without_text_is_left_alone(extractor):
    assert extractor.process([Message({})])[0].get(ENTITIES) == []


def test_places_and_dates_come_from_spacy(extractor):
    import spacy
    from spacy.tokens import Span

    doc = spacy.blank("en")("Is Denver open Monday, asks Mary")
    doc.ents = [
        Span(doc, 1, 2, "GPE"),
        Span(doc, 3, 4, "DATE"),
        Span(doc, 6, 7, "PERSON"),
    ]
    message = Message({TEXT: doc.text, SPACY_DOCS[TEXT]: doc})

    entities = extractor.process([message])[0].get(ENTITIES)

    found = [(item["entity"], item["value"], item["start"]) for item in entities]
    assert found == [("place", "Denver", 3), ("date", "Monday", 15)]


def test_loaded_extractor_finds_the_same(storage, extractor):
    loaded = VocabularyEntityExtractor.load({}, storage, RESOURCE, None)

    assert loaded.terms == extractor.terms
    for text, entities in FOUND:
        assert _found(loaded, text) == entities


def test_extractor_without_tables_finds_ages_only(tmp_path):
    _trained(LocalModelStorage(tmp_path), TrainingData())
    empty = VocabularyEntityExtractor.load(
        {}, LocalModelStorage(tmp_path), RESOURCE, None
    )

    assert _found(empty, "I'm 72 and take zoloft") == [("age", "72")]
