# ruff: noqa: E501
"""Danger phrases are found, near misses are named, and nothing makes a search slow."""

import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.phrase_files import PhraseFileError
from safety.phrase_matcher import PHRASE_FOLDER, PhraseMatcher, raises_alarm

# fmt: off
ALARMS = [
    # beside words that an exception covers
    ("harm_to_others", "my wrists hurt and i want to cut them"),
    ("abuse", "the depression hits me and then he hits me"),
    ("overdose", "they gave me 60 pills and i took all of them"),
    ("third_party", "please take care of my kids when im gone"),
    ("overdose", "OD what should i do"),
    ("abuse", "the aide hits my grandmother"),
    # self-harm, direct
    ("self_harm", "I want to die"),
    ("self_harm", "i wanna die so bad"),
    ("self_harm", "thinking of killing myself"),
    ("self_harm", "I'm going to kms tonight"),
    ("self_harm", "i just want to unalive myself"),
    ("self_harm", "I feel suicidal"),
    ("self_harm", "suicidal"),
    ("self_harm", "yes i am suicidal"),
    ("self_harm", "how much is it, i need help im suicidal"),
    ("self_harm", "having suicidal thoughts again"),
    ("self_harm", "i keep having thoughts of suicide"),
    ("self_harm", "I am planning my suicide"),
    ("self_harm", "i want to end it all"),
    ("self_harm", "going to end my life this weekend"),
    ("self_harm", "I'd rather be dead"),
    ("self_harm", "better off dead"),
    ("self_harm", "i dont want to live anymore"),
    ("self_harm", "I don't want to be alive"),
    ("self_harm", "no reason to live"),
    ("self_harm", "i hate being alive"),
    ("self_harm", "tired of living"),
    ("self_harm", "ctb tonight"),
    ("self_harm", "sewer slide"),
    # disguised
    ("self_harm", "I want to d i e"),
    ("self_harm", "k1ll myself"),
    ("self_harm", "im feeling su1cidal"),
    ("self_harm", "gonna k*ll myself"),
    ("self_harm", "i want to diiiie"),
    ("self_harm", "I w\u200bant to d\u200bie"),
    ("self_harm", "i am sucidal"),
    ("self_harm", "i wnat to die"),
    # passive and oblique
    ("self_harm", "I wish I wouldn't wake up"),
    ("self_harm", "hope i never wake up again"),
    ("self_harm", "everyone would be better off without me"),
    ("self_harm", "my kids would be better off without me"),
    ("self_harm", "I'm just a burden to everybody"),
    ("self_harm", "nobody would miss me"),
    ("self_harm", "i can't go on"),
    ("self_harm", "I can't go on like this anymore"),
    ("self_harm", "I don't want to be here anymore"),
    ("self_harm", "I won't be around much longer"),
    ("self_harm", "i want to sleep forever"),
    ("self_harm", "I want to disappear forever"),
    ("self_harm", "i see no way out"),
    ("self_harm", "goodbye everyone"),
    ("self_harm", "this is my goodbye"),
    ("self_harm", "by the time you read this i'll be gone"),
    ("self_harm", "if this doesn't work I'm done"),
    ("self_harm", "if ketamine doesn't work im done with life"),
    ("self_harm", "done with life"),
    ("self_harm", "gave away my dog, i wont need it anymore"),
    # means, plan, attempt
    ("self_harm", "i have a plan to kill myself"),
    ("self_harm", "I have a gun in my lap"),
    ("self_harm", "saving up my pills for it"),
    ("self_harm", "standing on the bridge"),
    ("self_harm", "i keep thinking about jumping off the roof"),
    ("self_harm", "I tried to kill myself last night"),
    ("self_harm", "i attempted last week"),
    ("self_harm", "I swallowed all my pills because I want to die"),
    ("self_harm", "going to hang myself"),
    ("self_harm", "thinking about driving into a tree"),
    # self-injury
    ("self_harm", "I cut myself again"),
    ("self_harm", "cant stop cutting"),
    ("self_harm", "urge to hurt myself"),
    ("self_harm", "relapsed on self harm"),
    ("self_harm", "I don't trust myself tonight"),
    ("self_harm", "not safe with myself"),
    # second danger outside the negated span
    ("self_harm", "I don't want to die but I can't go on"),
    ("self_harm", "I'm not suicidal but I wish I wouldn't wake up"),
    ("self_harm", "I used to be suicidal and now it's back"),
    ("self_harm", "I was suicidal years ago and it's back again tonight"),
    ("self_harm", "does it help with suicidal thoughts, i am suicidal right now"),
    ("self_harm", "no, i want to die"),
    ("self_harm", "lol i want to kill myself no joke"),
    ("self_harm", "I watched a movie. I want to kill myself"),
    ("self_harm", "why shouldn't i kill myself"),
    ("self_harm", "how much is a session, i want to die"),
    # third party
    ("third_party", "my son wants to kill himself"),
    ("third_party", "my daughter says she wants to die"),
    ("third_party", "my friend is suicidal"),
    ("third_party", "my husband is threatening to shoot himself"),
    ("third_party", "my roommate tried to hang herself this morning"),
    ("third_party", "my wife is talking about suicide"),
    ("third_party", "found a suicide note in her room"),
    ("third_party", "my brother texted me goodbye"),
    ("third_party", "my partner doesn't want to live"),
    ("third_party", "my sister is cutting herself"),
    ("third_party", "my student has a plan to end her life"),
    # harm to others
    ("harm_to_others", "I want to kill my husband"),
    ("harm_to_others", "im going to hurt someone"),
    ("harm_to_others", "i feel like stabbing my boss"),
    ("harm_to_others", "the voices tell me to kill my mother"),
    ("harm_to_others", "urge to throw the baby against the wall"),
    ("harm_to_others", "gonna shoot up my school"),
    ("harm_to_others", "I'm scared I will hurt my kids"),
    # abuse
    ("abuse", "my husband hits me"),
    ("abuse", "my boyfriend choked me last night"),
    ("abuse", "domestic violence"),
    ("abuse", "I was raped"),
    ("abuse", "he says he will kill me if i leave"),
    ("abuse", "my stepdad touches me"),
    ("abuse", "im in an abusive relationship"),
    ("abuse", "I don't feel safe at home"),
    ("abuse", "my ex is stalking me"),
    ("abuse", "my caregiver slaps me"),
    # physical
    ("physical", "I can't breathe"),
    ("physical", "crushing chest pain"),
    ("physical", "my dad is having a heart attack"),
    ("physical", "she is having a seizure right now"),
    ("physical", "he is unconscious"),
    ("physical", "my wife won't wake up"),
    ("physical", "his face is drooping"),
    ("physical", "throat is closing up"),
    ("physical", "lips are blue"),
    ("physical", "bleeding won't stop"),
    ("physical", "vomiting blood"),
    ("physical", "my baby isn't breathing"),
    ("physical", "anaphylaxis"),
    ("physical", "need an ambulance"),
    ("physical", "my toddler drank bleach"),
    ("physical", "my oxygen is 79"),
    # overdose
    ("overdose", "I took too many pills"),
    ("overdose", "i think i overdosed"),
    ("overdose", "my toddler ate my lozenges"),
    ("overdose", "took my meds twice today"),
    ("overdose", "she took the whole bottle"),
    ("overdose", "poison control number"),
    ("overdose", "mixed xanax and alcohol"),
    ("overdose", "gave him narcan"),
    # Spanish
    ("self_harm", "me quiero morir"),
    ("self_harm", "no quiero vivir más"),
    ("self_harm", "quiero matarme"),
    ("self_harm", "tengo pensamientos suicidas"),
    ("self_harm", "ya no aguanto más"),
    ("third_party", "mi hijo se quiere matar"),
    ("abuse", "mi esposo me pega"),
    ("physical", "no puedo respirar"),
    ("physical", "mi mamá no despierta"),
    ("overdose", "mi hijo se tragó mis pastillas"),
]
NEAR_MISSES = [
    ("idiom",   "itchy rash on my wrists since i changed the soap"),
    ("idiom",   "nerve pain shooting down the back of my leg"),
    ("idiom",   "the depression hits me hardest in january"),
    ("past",    "the nurse gave me 40 and it was too weak"),
    ("subject", "can i take care of my kids after the session"),
    ("denied",  "I'm not suicidal"),
    ("denied",  "I don't want to die"),
    ("denied",  "i have never wanted to kill myself"),
    ("denied",  "I'm not having suicidal thoughts"),
    ("denied",  "no suicidal thoughts, no self harm"),
    ("denied",  "no plan to hurt myself or kill myself"),
    ("denied",  "my son is not suicidal"),
    ("denied",  "I'm not going to kill myself"),
    ("denied",  "denies having suicidal thoughts"),
    ("denied",  "i never thought about killing myself"),
    ("past",    "i tried to end my life back in college, long behind me"),
    ("denied",  "I am afraid of dying"),
    ("past",    "I tried to kill myself when I was 16, doing well today"),
    ("past",    "I attempted suicide years ago"),
    ("past",    "I was suicidal ten years ago, fine now"),
    ("past",    "I used to be suicidal"),
    ("past",    "I overdosed in 2009, clean since"),
    ("past",    "my ex husband hit me, that was 20 years ago"),
    ("past",    "had a heart attack in 2015"),
    ("idiom",   "I'm dying to know the price"),
    ("idiom",   "my back is killing me"),
    ("idiom",   "this cake is to die for"),
    ("idiom",   "my phone is dying"),
    ("idiom",   "my mom is gonna kill me if i forget the appointment lol"),
    ("idiom",   "i nearly had a heart attack when i saw the bill"),
    ("idiom",   "that would be career suicide"),
    ("idiom",   "cant breathe laughing"),
    ("idiom",   "overdosing on chocolate"),
    ("topic",   "in the movie he wants to kill himself"),
    ("topic",   "the character in the novel is suicidal"),
    ("topic",   "writing a thesis about people having suicidal thoughts"),
    ("topic",   "my uncle was suicidal, the documentary was about him"),
    ("topic",   "what happens if a patient tells you they want to die"),
    ("subject", "does ketamine help with suicidal thoughts"),
    ("subject", "suicidal ideation study with suicidal thoughts"),
    ("subject", "can ketamine help people with suicidal ideation"),
    ("subject", "black box warning about having suicidal thoughts"),
    ("subject", "does spravato treat suicidal ideation"),
    ("subject", "can people overdose on ketamine"),
    ("subject", "can it cause a seizure or make you stop breathing"),
]
QUIET = [
    "how much is a session", "does insurance cover it", "I feel so low lately",
    "can I drive home after", "what should I eat before", "I'm dead tired",
    "do you take Aetna", "my appointment is at 3", "thank you so much",
    "what is ketamine", "how does it work in the brain", "I have depression",
    "my anxiety is bad this week", "nothing makes me happy anymore",
    "I cry every day", "can I take my zoloft that morning", "is it safe",
    "how long does the infusion last", "who discovered ketamine",
    "can I get a shot instead of an IV", "is there parking on the street",
    "do you take walk ins", "my nose is stuffy", "can my wife come with me",
    "I want to live a better life", "I need to cancel monday", "hit the gym",
    "my therapist told me about you", "will I be awake", "how soon will it work",
    "I get headaches", "tengo una cita mañana", "cuanto cuesta", "gracias",
    "what is the black box warning about suicide", "suicide prevention month",
    "is suicide a topic you train staff in", "suicidal thoughts? none",
    "I would never hurt myself", "just trying to kill time",
    "i used to cut myself in high school", "I cut myself shaving",
    "this traffic is murder", "I could kill for a coffee", "shoot me an email",
]
# fmt: on


@pytest.fixture(scope="module")
def matcher():
    return PhraseMatcher.load()


def alarms_of(matches):
    return [m for m in matches if m.strength == "alarm" and m.near_miss is None]


def test_tables_are_broad():
    assert len(ALARMS) + len(NEAR_MISSES) + len(QUIET) >= 150


@pytest.mark.parametrize(("topic", "text"), ALARMS)
def test_match_finds_danger(matcher, topic, text):
    matches = alarms_of(matcher.match(text))
    assert topic in {match.topic for match in matches}
    assert raises_alarm(matches)


@pytest.mark.parametrize(("name", "text"), NEAR_MISSES)
def test_match_names_near_miss(matcher, name, text):
    matches = matcher.match(text)
    assert alarms_of(matches) == []
    assert name in {match.near_miss for match in matches}


@pytest.mark.parametrize("text", QUIET)
def test_match_leaves_ordinary_questions(matcher, text):
    assert alarms_of(matcher.match(text)) == []


def test_match_gives_kind_and_span(matcher):
    text = "How much is it? I want to die."
    match = next(m for m in matcher.match(text) if m.id == "want_to_die")
    assert (match.kind, match.topic, match.strength) == ("crisis", "self_harm", "alarm")
    assert text[slice(*match.span)].startswith("want to die")
    assert next(iter(matcher.match("i can't breathe"))).kind == "emergency"


def test_raises_alarm_needs_two_hints(matcher):
    hints = matcher.match("my father made a new will and his end of the rope is near")
    assert all(match.strength == "hint" for match in hints)
    assert raises_alarm(hints[:1]) is False


def test_match_looks_at_the_whole_of_a_long_text(matcher):
    filler = "the weather is nice and we talked about prices for a while. "
    for before, after in ((0, 1600), (800, 800), (1600, 0)):
        text = filler * before + "I want to kill myself. " + filler * after
        matches = alarms_of(matcher.match(text))
        assert {match.id for match in matches} >= {"kill_myself"}
        assert "kill myself" in {text[slice(*match.span)] for match in matches} or any(
            "kill myself" in text[slice(*match.span)] for match in matches
        )


def test_phrase_across_two_windows_is_found(matcher):
    for words in range(290, 302):
        assert alarms_of(matcher.match("word " * words + "i want to kill myself"))


# --- malformed files -----------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "phrases"
    shutil.copytree(PHRASE_FOLDER, target)
    return target


# fmt: off
BROKEN = [
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: ['(a|b']}",   "never closed"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: ['a) b']}",   "nobody opened"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: ['{nope} b']}", "no list"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: ['I Am']}",   "any word|alarm|broken"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: loud, patterns: ['die']}",     "strength"),
    ("topic: weather\nphrases:\n  - {id: x, strength: alarm, patterns: ['die']}",      "topic"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: []}",         "patterns"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, pattern: ['die']}",     "unknown key"),
    ("topic: self_harm\nphrases:\n  - {strength: alarm, patterns: ['die']}",           "no 'id'"),
    ("topic: self_harm\nphrases:\n  - {id: x, strength: alarm, patterns: ['[a]']}",    "optional"),
    ("topic: self_harm\nphrases:\n  - {id: kill_myself, strength: alarm, patterns: ['die']}", "used twice"),
    ("- just a list",                                                                  "keys at the top"),
    ("a: [",                                                                           "not valid YAML"),
]
# fmt: on


@pytest.mark.parametrize(("content", "complaint"), BROKEN)
def test_load_names_file_and_mistake(folder, content, complaint):
    (folder / "broken.yml").write_text(content, encoding="utf-8")
    if "I Am" in content:
        content = content.replace("I Am", "don't")
        (folder / "broken.yml").write_text(content.replace("['don't']", '["don\'t"]'))
        complaint = "apostrophes"
    with pytest.raises(PhraseFileError, match=complaint) as error:
        PhraseMatcher.load(folder)
    assert "phrases" in str(error.value)


def test_load_names_missing_file(folder):
    (folder / "exceptions.yml").unlink()
    with pytest.raises(PhraseFileError, match=r"exceptions\.yml: not found"):
        PhraseMatcher.load(folder)


# --- properties and time -------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_match_never_raises_and_spans_are_within_bounds(text):
    for match in SHARED.match(text):
        start, end = match.span
        assert 0 <= start < end <= len(text)


DANGER_WORDS = (
    "i want to die kill myself not dont but now years ago lol , . ! he she pills took "
    "help no never suicidal again the movie cant breathe"
)
WORDS = st.sampled_from(DANGER_WORDS.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=60))
def test_match_never_raises_on_danger_words(words):
    text = " ".join(words)
    for match in SHARED.match(text):
        assert 0 <= match.span[0] < match.span[1] <= len(text)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([text for _, text in ALARMS]),
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e"),
)
def test_invisible_characters_hide_no_alarm(text, places, invisible):
    for place in places:
        text = text[:place] + invisible + text[place:]
    assert alarms_of(SHARED.match(text))


SHARED = PhraseMatcher.load()


def test_match_is_fast_on_a_usual_message(matcher):
    text = (
        "hi i was wondering how much a session costs because my insurance will not pay "
        "and i am so tired of my back killing me, i would like to come in next week if "
        "you have a free appointment for me"
    )
    matcher.match(text)
    start = time.process_time()
    for _ in range(50):
        matcher.match(text)
    assert (time.process_time() - start) / 50 < 0.01


@pytest.mark.parametrize(
    "text",
    [
        "the weather is nice today and we talked about many other things. " * 1500,
        "i want to die not " * 5500,
        "dont want to die but " * 4700,
        "a" * 100_000,
        "i " * 50_000,
        "he she they my son my friend " * 3400,
        "\u0301" * 100_000,
    ],
    ids=range(7),
)
def test_match_is_linear_on_100_kb(matcher, text):
    start = time.process_time()
    matcher.match(text)
    assert time.process_time() - start < 5
