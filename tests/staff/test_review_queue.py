"""The review queue: what is expected to have done harm, and a fair sample."""

# ruff: noqa: E501  (tables read better in one line each)

import re
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import timezone

from frontdesk.inbox.review_queue_harm import Reason, harm_of, reasons_of
from tests.frontdesk.gateway_for_tests import FAQ, HAND_OFF, SUSPECTED
from tests.staff.search_helpers import chat, digested, ids_on, word

REVIEWS = "/staff/reviews/"


def said(author, **fields):
    usual = {
        "button": "",
        "route": None,
        "response": None,
        "check_in": False,
        "intent": None,
        "confidence": None,
        "ranking": [],
        "safety": {},
    }
    return SimpleNamespace(author=author, **(usual | fields))


def asks(level="none", **fields):
    return said("patient", safety={"level": level}, **fields)


def says(route="faq", intent="ask_cost", confidence=0.9, second=None, **fields):
    ranking = [{"name": intent, "confidence": confidence}]
    if second:
        ranking.append({"name": second[0], "confidence": second[1]})
    return said(
        "bot",
        route=route,
        intent=intent,
        confidence=confidence,
        ranking=ranking,
        **fields,
    )


UNCLEAR = says("not_understood", "not_understood", 0.3)
# fmt: off
CASES = [
    ("an ordinary answer",      [asks(), says()],                                       []),
    ("a greeting alone",        [said("bot", route="small_talk")],                      []),
    ("alarm, ordinary answer",  [asks("alarm"), says()],                                ["ALARM_OVERRULED"]),
    ("alarm, urgent answer",    [asks("alarm"), says("crisis", "crisis_self_harm")],    []),
    ("only the assistant",      [asks(), says("crisis", "crisis_self_harm")],           ["DETECTOR_SILENT"]),
    ("crisis second",           [asks(), says(second=("crisis_abuse", 0.2))],           ["DANGER_POSSIBLE"]),
    ("crisis far behind",       [asks(), says(second=("crisis_abuse", 0.1))],           []),
    ("medical second",          [asks(), says(second=("medical_dosing", 0.2))],         ["HAND_OFF_MISSED"]),
    ("medical, handed off",     [asks(), says("medical", "medical_dosing", 0.8, ("medical_symptoms", 0.2))], []),
    ("low confidence",          [asks(), says(confidence=0.45, second=("ask_history", 0.1))], ["LOW_CONFIDENCE"]),
    ("small margin",            [asks(), says(confidence=0.5, second=("ask_history", 0.45))], ["SMALL_MARGIN"]),
    ("not understood",          [asks(), UNCLEAR],                                      ["NOT_UNDERSTOOD"]),
    ("not understood, twice",   [asks(), UNCLEAR, asks(), UNCLEAR],                     ["NOT_UNDERSTOOD_AGAIN"]),
    ("suggestion chosen",       [asks(), UNCLEAR, asks(button="b-1"), says()],          ["SUGGESTION_CHOSEN", "NOT_UNDERSTOOD"]),
    ("button, understood",      [asks(), says(), asks(button="b-1"), says(confidence=0.1)], []),
    ("assistant down",          [asks(), said("bot", response="utter_assistant_down")], ["ASSISTANT_DOWN"]),
    ("low mood",                [asks("check_in"), says(check_in=True)],                ["CHECK_IN"]),
    ("a person answers",        [asks("alarm"), said("staff")],                         []),
    ("broken ranking",          [asks(), said("bot", route="faq", intent="x", confidence=0.9, ranking=["?", {}, None])], []),
]
# fmt: on


@pytest.mark.parametrize("messages, names", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_reasons(messages, names):
    assert [each.name for each in reasons_of(messages, thumbs_down=False)] == names


def test_points_add_up_and_a_thumb_counts():
    reasons = reasons_of([asks("alarm"), says()], thumbs_down=True)

    assert reasons == [Reason.ALARM_OVERRULED, Reason.THUMBS_DOWN]
    assert harm_of(reasons) == 140


@pytest.fixture
def trainer(people):
    return people.trainer


@pytest.fixture
def nothing_else(gateway):
    from frontdesk.inbox.models import Digest

    digested()
    Digest.objects.update(harm=0)


def test_the_most_harmful_comes_first_and_says_why(
    gateway, rasa, trainer, nothing_else
):
    thumbed = chat(gateway, word())
    last = thumbed.messages()[-1]["id"]
    thumbed.post("/chat/feedback", {"message": last, "thumb": "down"})
    overruled = chat(gateway, f"{SUSPECTED} {word()}")
    chat(gateway, word())

    page = trainer.page(REVIEWS)

    assert ids_on(page.split('id="sample"')[0]) == [overruled.id, thumbed.id]
    for reason in (Reason.ALARM_OVERRULED, Reason.THUMBS_DOWN):
        assert page.count(reason.words) == 2  # in its entry and in the table


def test_one_key_leads_to_the_next(gateway, rasa, trainer, nothing_else):
    first, second = (chat(gateway, f"{SUSPECTED} {word()}").id for _ in range(2))

    def next_after(conversation):
        answer = trainer.get(f"{REVIEWS}next", params={"after": conversation})
        return re.sub(r"^/staff/|\?.*$", "", answer.headers["Location"])

    assert next_after("") == f"conversations/{second}/"
    assert next_after(second) == f"conversations/{first}/"
    assert next_after(first) == "reviews/"
    page = trainer.page(f"/staff/conversations/{second}/")
    assert f'data-next href="{REVIEWS}next?after={second}"' in page
    form = {"verdict": "wrong"}
    trainer.post(f"/staff/conversations/{second}/review", form)
    assert next_after("") == f"conversations/{first}/"
    assert next_after(second) == f"conversations/{first}/"


def _noon(days_ago):
    day = timezone.now().astimezone(settings.CLINIC.time_zone).date()
    day -= timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, 12, tzinfo=settings.CLINIC.time_zone)


@pytest.fixture
def day_of_twelve(gateway, rasa):
    """A day, long past, on which twelve conversations began."""
    from frontdesk.chat.models import Conversation
    from frontdesk.inbox.models import Digest

    began = _noon(20)
    ids = [chat(gateway, word()).id for _ in range(12)]
    Conversation.objects.filter(pk__in=ids).update(created_at=began)
    Digest.objects.filter(conversation__in=ids).update(started_at=began)
    yield began.date(), ids
    Conversation.objects.filter(pk__in=ids).delete()


def test_the_sample_is_the_same_for_everybody(day_of_twelve, people):
    from frontdesk.chat.models import Conversation
    from frontdesk.inbox.models import Review
    from frontdesk.inbox.review_queue import estimate, sample_of, today

    day, ids = day_of_twelve
    before = estimate()
    address = f"{REVIEWS}?day={day}"
    one, two = (
        ids_on(people[role].page(address).split('id="sample"')[1])
        for role in ("trainer", "clinician")
    )
    assert one == two and len(one) == 10 and set(one) < set(ids)
    assert sample_of(today()) == []  # not over yet

    outside = next(pk for pk in ids if pk not in one)
    Review.objects.create(conversation_id=one[0], verdict="right")  # read before
    for pk, verdict in ((one[1], "missed"), (outside, "wrong")):
        people.trainer.post(f"/staff/conversations/{pk}/review", {"verdict": verdict})
    page = people.trainer.page(address)

    assert "2 of 10 reviewed" in page
    drawn = {
        pk: Conversation.objects.get(pk=pk).review.from_sample
        for pk in (one[0], one[1], outside)
    }
    assert drawn == {one[0]: True, one[1]: True, outside: False}
    after = estimate()
    assert after.reviewed - before.reviewed == 2
    assert after.right - before.right == 1


def test_who_only_reads_does_not_review(people):
    assert people.viewer.get(REVIEWS).status_code == 403


def test_hand_off_needs_no_review(gateway, rasa, trainer, nothing_else):
    rasa.say(HAND_OFF | {"text": "We pass it on."})
    chat(gateway, word())
    rasa.say(FAQ)

    assert "Nothing waits for a review." in trainer.page(REVIEWS)


@pytest.mark.parametrize(
    "right, reviewed, percent",
    [(0, 0, (0, 100)), (9, 10, (59, 99)), (10, 10, (72, 100)), (0, 10, (0, 28))],
)
def test_the_estimate_says_how_sure_it_is(right, reviewed, percent):
    from frontdesk.inbox.review_queue import Estimate

    assert Estimate(right, reviewed).percent == percent
