"""What can be typed into the search, and what is marked in the texts found."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.inbox.search_index import PostgresIndex, Said, SqliteIndex
from frontdesk.inbox.search_words import (
    Piece,
    Term,
    highlight,
    snippet,
    terms_of,
    words_of,
)

# fmt: off
TYPED = [
    ("cost",                    [Term(("cost",))]),
    ("Cost  of",                [Term(("cost",)), Term(("of",))]),
    ('"side effects"',          [Term(("side", "effects"))]),
    ("“side effects”",          [Term(("side", "effects"))]),
    ('"side effects',           [Term(("side", "effects"))]),
    ("infus*",                  [Term(("infus",), True)]),
    ('"how long do"*',          [Term(("how", "long", "do"), True)]),
    ("don't",                   [Term(("don", "t"))]),
    ("café CAFÉ cafe",          [Term(("cafe",))]),
    ("50mg",                    [Term(("50mg",))]),
    ("Straße",                  [Term(("strasse",))]),
    ("[phone]",                 [Term(("phone",))]),
    ("*", []), ('""', []), ("- + ( ) : ^", []), ("", []), ("👍", []),
    ("NEAR(a b)",               [Term(("near", "a")), Term(("b",))]),
    ("a AND OR NOT",            [Term(("a",)), Term(("and",)), Term(("or",)), Term(("not",))]),  # noqa: E501
    ("patient:cost",            [Term(("patient", "cost"))]),
]
# fmt: on


@pytest.mark.parametrize("typed, terms", TYPED)
def test_what_is_typed_becomes_words_and_phrases(typed, terms):
    assert terms_of(typed) == terms


@pytest.fixture(scope="module")
def words():
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute(
        "CREATE VIRTUAL TABLE inbox_words "
        "USING fts5(patient, others, tokenize = 'ascii')"
    )
    return database


SIGNS = st.text(alphabet="\"'*():^-+ab~\\\0%_?&|!<", max_size=40)


@given(typed=st.text(max_size=200) | SIGNS)
def test_sqlite_takes_whatever_is_typed(words, typed):
    terms = terms_of(typed)
    if terms:
        for by_patient in (True, False):
            expression = SqliteIndex().expression(terms, by_patient=by_patient)
            words.execute(SqliteIndex.find_sql.replace("%s", "?"), [expression])


@given(text=st.text(max_size=200), typed=st.text(max_size=20))
def test_highlighting_changes_no_letter(text, typed):
    pieces = highlight(text, terms_of(typed))

    assert "".join(piece.text for piece in pieces) == text


@given(text=st.text(min_size=1, max_size=60))
def test_every_word_of_a_text_finds_it(text):
    for word in words_of(text):
        assert any(piece.is_found for piece in highlight(text, [Term((word,))]))


# fmt: off
MARKED = [
    ("How much does it cost?",      "cost",             ["cost"]),
    ("Costs: the COST is",          "cost",             ["COST"]),
    ("Costs: the COST is",          "cost*",            ["Costs", "COST"]),
    ("side effects, effects side",  '"side effects"',   ["side", "effects"]),
    ("Café",                        "cafe",             ["Café"]),
    ("a_cost_b",                    "cost",             ["cost"]),
    ("nothing here",                "cost",             []),
]
# fmt: on


@pytest.mark.parametrize("text, typed, marked", MARKED)
def test_what_was_searched_for_is_marked(text, typed, marked):
    pieces = highlight(text, terms_of(typed))

    assert [piece.text for piece in pieces if piece.is_found] == marked


def test_a_long_text_is_cut_around_the_first_find():
    text = "word " * 100 + "needle " + "more " * 100

    cut = snippet(highlight(text, terms_of("needle")), 80)

    assert Piece("needle", is_found=True) in cut
    assert sum(len(piece.text) for piece in cut) < 100
    assert (cut[0].text, cut[-1].text) == ("… ", " …")


def test_no_phrase_goes_from_one_message_into_the_next():
    said = [Said("it is the end", True), Said("of all", True)]

    assert SqliteIndex().document(said) == ("it is the end ¶ of all", "")
    (vector,) = PostgresIndex().document(said)
    assert vector.endswith("'the end':4A 'of':6A 'all':7A 'of all':7A")


def test_postgresql_is_asked_with_weights_and_places():
    terms = terms_of('ketamine "side effects" infus*')

    assert PostgresIndex().expression(terms, by_patient=False) == (
        "('ketamine') & ('side effects') & ('infus':*)"
    )
    assert PostgresIndex().expression(terms, by_patient=True) == (
        "('ketamine':A) & ('side effects':A) & ('infus':*A)"
    )
    (long,) = terms_of('"how long do"*')
    assert PostgresIndex().expression([long], by_patient=False) == (
        "('how long' & 'long do':* & ('how' <-> 'long' <-> 'do':*))"
    )
