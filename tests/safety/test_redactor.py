# ruff: noqa: E501, RUF001
"""Personal data is taken out; doses, times, crisis numbers and feelings stay."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.redactor import REDACTION_FOLDER, Redactor, redact
from safety.redactor_patterns import RedactionFileError

# fmt: off
TAKEN = [
    ("call me at 555-123-4567",                  "call me at [PHONE]"),
    ("my number is (212) 555 0187 thanks",       "my number is [PHONE] thanks"),
    ("+1 415 555 2671",                          "[PHONE]"),
    ("5125550143",                               "[PHONE]"),
    ("1-512-555-0143",                           "[PHONE]"),
    ("512.555.0143 ext 12",                      "[PHONE]"),
    ("text me at 555-0143",                      "text me at [PHONE]"),
    ("my cell is 5550143",                       "my cell is [PHONE]"),
    ("+44 20 7946 0958",                         "[PHONE]"),
    ("call 512-555-0143 not 988",                "call [PHONE] not 988"),
    ("jane.doe@example.com pls",                 "[EMAIL] pls"),
    ("mail me: a+b@mail.example.co.uk",          "mail me: [EMAIL]"),
    ("jane at gmail dot com",                    "[EMAIL]"),
    ("ssn 123-45-6789",                          "ssn [SSN]"),
    ("123-45-6789",                              "[SSN]"),
    ("my social is 123456789",                   "my social is [SSN]"),
    ("social security number: 123 45 6789",      "social security number: [SSN]"),
    ("4111 1111 1111 1111",                      "[CARD]"),
    ("4111111111111111",                         "[CARD]"),
    ("5500-0000-0000-0004",                      "[CARD]"),
    ("my card number is 4111 1111 1111 1112",    "my card number is [CARD]"),
    ("cvv 123",                                  "cvv [CARD]"),
    ("born 03/14/1985",                          "born [BIRTH_DATE]"),
    ("dob: 3-14-85",                             "dob: [BIRTH_DATE]"),
    ("DOB 03141985",                             "DOB [BIRTH_DATE]"),
    ("my birthday is march 5",                   "my birthday is [BIRTH_DATE]"),
    ("date of birth is 5 June 1990",             "date of birth is [BIRTH_DATE]"),
    ("i was born in 1988",                       "i was born in [BIRTH_DATE]"),
    ("March 14, 1985",                           "[BIRTH_DATE]"),
    ("1985-03-14",                               "[BIRTH_DATE]"),
    ("naci el 5 de mayo de 1980",                "naci el [BIRTH_DATE]"),
    ("member id XYZ123456789",                   "member id [MEMBER_ID]"),
    ("my member number is 5567123",              "my member number is [MEMBER_ID]"),
    ("policy number: 88-123456",                 "policy number: [MEMBER_ID]"),
    ("policy 8812345",                           "policy [MEMBER_ID]"),
    ("medicare id 1EG4-TE5-MK73",                "medicare id [MEMBER_ID]"),
    ("group number 0012345",                     "group number [MEMBER_ID]"),
    ("MRN 0045123",                              "MRN [RECORD_NUMBER]"),
    ("my chart number is 55231",                 "my chart number is [RECORD_NUMBER]"),
    ("account #887766",                          "account #[RECORD_NUMBER]"),
    ("claim number 2024-55512",                  "claim number [RECORD_NUMBER]"),
    ("patient id: A12345",                       "patient id: [RECORD_NUMBER]"),
    ("invoice 55512",                            "invoice [RECORD_NUMBER]"),
    ("i live at 123 Main Street",                "i live at [ADDRESS]"),
    ("its 1420 north oak ave apt 4b",            "its [ADDRESS]"),
    ("1420 oak ave apt 4b, austin tx 78701",     "[ADDRESS]"),
    ("9 W. Elm St.",                             "[ADDRESS]"),
    ("po box 221",                               "[ADDRESS]"),
    ("apt 12",                                   "[ADDRESS]"),
    ("Austin, TX 78701",                         "[ADDRESS]"),
    ("my zip code is 78701",                     "my zip code is [ADDRESS]"),
    ("my name is john smith and i need help",    "my name is [NAME] and i need help"),
    ("My name is Maria",                         "My name is [NAME]"),
    ("MY NAME IS JOHN SMITH",                    "MY NAME IS [NAME]"),
    ("my name is o'brien",                       "my name is [NAME]"),
    ("my name's Ana-Lucia Perez",                "my name's [NAME]"),
    ("my name is Nguyen Van Anh",                "my name is [NAME]"),
    ("i'm John Smith",                           "i'm [NAME]"),
    ("I’m Priya Raman",                          "I’m [NAME]"),
    ("im sarah",                                 "im [NAME]"),
    ("i am david lee and i have a question",     "i am [NAME] and i have a question"),
    ("this is john smith calling",               "this is [NAME] calling"),
    ("this is Karen",                            "this is [NAME]"),
    ("call me Bob",                              "call me [NAME]"),
    ("ask for Priya",                            "ask for [NAME]"),
    ("my husband David is coming",               "my husband [NAME] is coming"),
    ("patient Ana Lopez",                        "patient [NAME]"),
    ("me llamo Juan Perez",                      "me llamo [NAME]"),
    ("Mr. Johnson",                              "Mr. [NAME]"),
    ("my son Tyler is 14",                       "my son [NAME] is 14"),
    ("regards, Tom",                             "regards, [NAME]"),
    ("appointment for Linda Park",               "appointment for [NAME]"),
    ("my name is john smith, john smith",        "my name is [NAME], [NAME]"),
    ("mrn 45512 again 45512",                    "mrn [RECORD_NUMBER] again [RECORD_NUMBER]"),
    ("reference number 778812",                  "reference number [RECORD_NUMBER]"),
]
KEPT = [
    "call 988", "dial 911 now", "poison help 1-800-222-1222", "call 1-800-273-8255",
    "text HOME to 741741", "text 838255", "the hotline 800-799-7233", "(800) 656-4673",
    "0.5 mg/kg", "75mg", "100-200 mg", "84 mg of spravato", "20 mg twice a day",
    "$400", "$1,200 per session", "10,000 dollars", "400 dollars", "4200 for six",
    "bp 140/90", "BP 220 over 130", "heart rate 120", "oxygen 96", "fever of 103.5",
    "since 2012", "surgery in 2019", "i am 45", "i'm 71 years old", "age 17",
    "2 weeks", "6 sessions in 3 weeks", "12 week course", "session 4 of 6",
    "at 3:30 pm", "at 10 am", "monday 3/4 at 2pm", "on march 5 at 3",
    "my appointment is 04/12/2026", "see you on 12/01/2026", "3 infusions a week",
    "my name is on the list", "my name is not important", "is my name in the system",
    "my name is spelled wrong", "i am depressed", "i'm afraid", "im on zoloft",
    "I'm Bipolar", "i am Catholic", "I'm Native American", "I am so tired of this",
    "im in texas", "I'm Interested In Ketamine", "i am Autistic", "i'm 5 4 and 180 pounds",
    "this is urgent", "this is ridiculous", "this is my second try", "This is Not Okay",
    "call me tomorrow", "call me back", "call me on Monday", "call me crazy",
    "ask for help", "ask for a refund", "ask for the manager", "patient portal",
    "my husband says no", "my wife left in 2020", "my mom died", "my son is 14",
    "10 minutes drive", "2 hours to drive home", "5 sessions the best way",
    "20 to 30 minute drive", "can I park on the street", "3 blocks from the court",
    "policy on refunds", "your policy 24 hours", "group therapy", "claim denied",
    "my account is wrong", "chart from 2023", "bill from 2024", "i took 2 20 mg pills",
    "my baby was born 5 weeks ago", "my birthday is next friday", "born in Texas",
    "phq9 score 21", "question 9 is 3", "Dr. Lee", "doctor Smith told me",
    "Spravato or ketamine", "it's Monday", "for Depression", "from Texas",
    "is this for PTSD", "under 18", "will I be awake", "mark my words",
    "I have hope", "every 4 to 6 weeks", "1 in 5 people", "9-10 hours", "24/7",
    "50% of patients", "COVID-19", "B12 shots", "I want to die", "i can't breathe",
]
LONG = [
    "1 " * 50_000, "1" * 100_000, "my name is " * 9_000, "a@" * 50_000, "1-" * 50_000,
    "call me at 555-123-4567 and my name is john smith dob 3/4/1980. " * 1_500,
    "born " * 20_000, "12 a b c d " * 9_000, "a.b.c@d.e " * 10_000, "x" * 100_000,
    "4111111111111111 " * 5_800, "5551234567-" * 9_000, "i'm John Smith " * 6_500,
]
# fmt: on


def test_tables_are_broad():
    assert len(TAKEN) + len(KEPT) >= 120


@pytest.mark.parametrize(("text", "expected"), TAKEN)
def test_redact_takes_out(text, expected):
    result = redact(text)
    assert result.text == expected
    assert redact(result.text).text == expected
    for piece in result.removed:
        assert text[piece.start : piece.end] == piece.original


@pytest.mark.parametrize("text", KEPT)
def test_redact_leaves(text):
    result = redact(text)
    assert result.text == text
    assert result.removed == ()


def test_redact_gives_places_in_the_text_as_given():
    text = "I'm John Smith, born 3/4/1980, phone 512-555-0143, mail a@b.com."
    result = redact(text)
    assert [piece.kind for piece in result.removed] == [
        "NAME",
        "BIRTH_DATE",
        "PHONE",
        "EMAIL",
    ]
    for piece in result.removed:
        assert text[piece.start : piece.end] == piece.original
    assert result.text == "I'm [NAME], born [BIRTH_DATE], phone [PHONE], mail [EMAIL]."


def test_load_keeps_the_clinics_own_number():
    redactor = Redactor.load(keep_numbers=["(512) 555-0100"])
    assert redactor.redact("call 512-555-0100").removed == ()
    assert redactor.redact("call 512-555-0101").text == "call [PHONE]"


def test_load_names_wrong_pattern(tmp_path):
    for path in REDACTION_FOLDER.glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"))
    broken = tmp_path / "patterns.yml"
    text = broken.read_text(encoding="utf-8")
    broken.write_text(text.replace("check: luhn", "check: magic"))
    with pytest.raises(RedactionFileError, match=r"patterns\.yml.*CARD.*magic"):
        Redactor.load(tmp_path)
    broken.write_text(text.replace('regex: "(?<![', 'regex: "((?<![', 1))
    with pytest.raises(RedactionFileError, match=r"patterns\.yml.*EMAIL"):
        Redactor.load(tmp_path)


PIECES = st.sampled_from(
    [
        "my name is ", "i'm ", "John ", "smith ", "call me ", "555-123-4567 ", "1", "23",
        "born ", "3/4/1980 ", "-", " ", ".", "@", "a.com ", "member id ", "4111 ", "main ",
        "street ", "[PHONE]", "[", "]", "TX ", "78701 ", "mrn ", "988 ", "and ", ",", "(512) ",
    ]
)  # fmt: skip


def check_properties(text):
    result = redact(text)
    assert redact(result.text).text == result.text
    end = 0
    for piece in result.removed:
        assert end <= piece.start < piece.end <= len(text)
        assert text[piece.start : piece.end] == piece.original
        end = piece.end
        if len(re.sub(r"\D", "", piece.original)) >= 4:
            left = rf"(?<!\w){re.escape(piece.original)}(?!\w)"
            assert not re.search(left, result.text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_redact_holds_on_any_text(text):
    check_properties(text)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_redact_holds_on_mixed_pieces(text):
    check_properties(text)


def test_redact_is_fast_on_a_usual_message():
    text = (
        "hi my name is john smith, call me at 555-123-4567 or jane@x.com. i was born "
        "3/4/1980 and i live at 12 oak street. i take 20 mg of prozac and want to know "
        "how much a session costs and whether aetna pays for it, thanks a lot for help"
    )
    redact(text)
    start = time.process_time()
    for _ in range(50):
        redact(text)
    assert (time.process_time() - start) / 50 < 0.02


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_redact_is_linear_on_100_kb(text):
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 6
