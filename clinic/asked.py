"""What a message asks of an answer that has several sides: a day, parking, an age.

Words of the message only; which answer it gets was decided before. No Rasa here.
"""

from __future__ import annotations

import re
from datetime import date

from clinic.asked_days import plain_words
from clinic.profile import Clinic

# A condition of a text in data/responses that is no slot: found in the newest message.
ASKED = "asked"
ASKED_VALUES = ("day", "parking", "address")
ADULT = 18
_PARKING = re.compile(
    r"\bpark(?:ing|ed)?\b|\bgarage\b|\b(?:leave|put) (?:my|the|our|a) (?:car|truck)\b"
)
_ADDRESS = re.compile(
    r"\badd?res+\b|\bwh?ere?(?:s| is| are| r)? (?:is |are |r )?"
    r"(?:you|u|ya|yall|the (?:clinic|office|place)|your (?:clinic|office|place)"
    r"|it)\b|\blocat(?:ed|ion|ions)\b|\bdirections\b|\bget there\b|\bfind you\b"
    r"|\bzip ?code\b|\bwhat (?:street|city|town)\b"
)
_HOURS = re.compile(r"\bopen(?:ing|s)?\b|\bclosed?\b|\bhours\b|\bwhat time\b|\blate\b")
_AGE = re.compile(
    r"\bhow old\b|\b(?:minimum|min|lowest|youngest|legal) age\b|\bwhat ages?\b"
    r"|\bage (?:limit|requirement|minimum|restriction|range|cutoff)s?\b"
    r"|\b(?:too young|old enough|underage|under age)\b"
    r"|\b(?:kids?|child(?:ren)?|teens?|teenage\w*|minors?|adolescents?|youths?)\b"
    r"|\b(?:under|over|turn(?:ed|ing)?) (?:18|eighteen)\b"
)
_YEARS = re.compile(
    r"\b(?:im|i am|s?hes|s?he is|theyre|(?:son|daughter|child|kid) is|aged?|only|just"
    r"|turn(?:ed|ing)?) (?:only |just )?(\d{1,2})\b"
)


def asked_of_office(text: str, days: list[date]) -> str | None:
    """What a question about hours and place is about, if only one thing.

    Args:
        text: the patient's words.
        days: the days it names.
    """
    words = plain_words(text)
    about = {
        "parking": bool(_PARKING.search(words)),
        "address": bool(_ADDRESS.search(words)),
        "day": bool(days or _HOURS.search(words)),
    }
    if about["parking"]:  # "where is the parking" asks for no address
        about["address"] = False
    named = [name for name, found in about.items() if found]
    if named == ["day"] and not days:
        return None  # of the whole week
    return named[0] if len(named) == 1 else None


def asks_for_age(text: str, ages: list[str], clinic: Clinic) -> bool:
    """Whether it matters here from which age on the clinic treats people.

    Args:
        text: the patient's words.
        ages: values of the entity ``age``: years in digits, or words for a group.
        clinic: whose lowest age counts.
    """
    given = str(clinic.values.get("minimum_age") or "")
    lowest = int(given) if given.isdecimal() else ADULT
    words = plain_words(text)
    young = any(
        age == "under_18" or (age.isdecimal() and int(age) < lowest)
        for age in [*ages, *_YEARS.findall(words)]
    )
    return young or _AGE.search(words) is not None


def billed_insurers(words: list[str], clinic: Clinic) -> list[str]:
    """The insurers of ``clinic.yml`` that a message names, as written there.

    A short form counts ("blue cross", "bcbs"); a longer name is another plan, which
    only the insurer can judge ("Medicare Advantage").
    """
    billed = [str(name) for name in clinic.values.get("insurers") or []]
    return [name for name in billed if any(_is_short_for(each, name) for each in words)]


def _is_short_for(words: str, name: str) -> bool:
    short = re.findall(r"[a-z]+", words.lower())
    full = re.findall(r"[a-z]+", name.lower())
    initials = "".join(word[0] for word in full)
    return bool(short) and (
        full[: len(short)] == short or (len(full) > 2 and "".join(short) == initials)
    )
