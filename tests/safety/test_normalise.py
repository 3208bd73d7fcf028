# ruff: noqa: RUF001
"""Disguises and spelling habits are undone before phrases are matched."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.normalise import normalise, split_words

# fmt: off
DISGUISES = [
    ("I’m going to k1ll myself",        "im going to kill myself"),
    ("su1c1de",                         "suicide"),
    ("5uicide",                         "suicide"),
    ("$elf h@rm",                       "self harm"),
    ("s u i c i d e",                   "suicide"),
    ("k.m.s",                           "kms"),
    ("k-m-s",                           "kms"),
    ("sui*cide",                        "suicide"),
    ("k*ll",                            "kill"),
    ("k**l myself",                     "kill myself"),
    ("k!ll",                            "kill"),
    ("ki11 myself",                     "kill myself"),
    ("diiiie",                          "die"),
    ("killlll",                         "kill"),
    ("kil my self",                     "kill my self"),
    ("i w a n t t o d i e",             "i want to die"),
    ("k i l l  m y s e l f now",        "kill myself now"),
    ("killmyself",                      "kill myself"),
    ("#iwanttodie",                     "i want to die"),
    ("k\u200bill m\u200dyself",         "kill myself"),
    ("k\u202eill",                      "kill"),
    ("кill mуself",                     "kill myself"),
    ("ｋｉｌｌ",                         "kill"),
    ("𝐤𝐢𝐥𝐥",                            "kill"),
    ("kıll",                            "kill"),
    ("don't",                           "dont"),
    ("don’t",                           "dont"),
    ("*die*",                           "die"),
    ("self-harm",                       "self harm"),
    ("end-it-all",                      "end it all"),
    ("ayúdame, ¿sí?",                   "ayudame , . si ."),
    ("I  WANT\tto DIE",                 "i want to die"),
    ("i want to die.i mean it",         "i want to die . i mean it"),
]
UNTOUCHED = [
    ("5mg at 3am",                      "5mg at 3am"),
    ("covid19",                         "covid19"),
    ("phq9",                            "phq9"),
    ("140/90",                          "140/90"),
    ("0.5",                             "0.5"),
    ("10,000 steps",                    "10,000 steps"),
    ("r u a bot",                       "r u a bot"),
    ("2nite",                           "2nite"),
    ("good food",                       "good food"),
    ("help!",                           "help ."),
    ("all well",                        "all well"),
    ("",                                ""),
]
LONG = [
    "a" * 100_000, "a " * 50_000, "k*" * 50_000, "." * 100_000, "k.i.l.l " * 12_000,
    "\u0316\u0301" * 50_000, "i.want.to.die." * 7_000, "é" * 100_000, "x1" * 50_000,
    "s u i c i d e " * 7_000, "ａ" * 100_000,
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), DISGUISES)
def test_normalise_undoes_disguise(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(("text", "expected"), UNTOUCHED)
def test_normalise_leaves_ordinary_text(text, expected):
    assert normalise(text) == expected


def test_normalise_keeps_accents_on_request():
    assert normalise("MÁS año", keep_accents=True) == "más año"
    assert normalise("MÁS año") == "mas ano"


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_normalise_is_linear(text):
    start = time.process_time()
    normalise(text)
    assert time.process_time() - start < 1.5


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_split_words_stays_within_text(text):
    for word in split_words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_normalise_has_single_spaces(text):
    assert " ".join(normalise(text).split()) == normalise(text)
