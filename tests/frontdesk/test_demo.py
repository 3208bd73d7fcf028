"""Made-up patients fill the inbox of the example clinic through the public chat API."""

import re

import pytest
from django.conf import settings

from clinic.buttons import button_id
from deploy import demo
from deploy.demo_patient import ChatApi, Patient, RefusedError
from tests.frontdesk.gateway_for_tests import CERTAIN, FAQ, free_port, staff_member
from tests.frontdesk.run_async import run

from frontdesk.chat import takeover  # isort: skip
from frontdesk.chat.models import (  # isort: skip
    Alert,
    Contact,
    Conversation,
    Feedback,
    Message,
)

TOPIC = FAQ | {"buttons": [{"id": button_id("ask_cost"), "title": "Cost"}]}
CONVERSATIONS = demo.read_conversations()


class Counted:
    """Waits for nothing."""

    def __init__(self):
        self.conversations, self.pauses = 0, []

    def done(self):
        self.conversations += 1

    def pause(self, seconds):
        self.pauses.append(seconds)


class RealClinic:
    url = "http://localhost:8000"

    def get(self, path):
        return {"clinic": {"name": "A clinic", "example": False}}


def steps(kind):
    return [step for each in CONVERSATIONS for step in each["talk"] if kind in step]


def test_every_conversation_is_held(gateway, rasa):
    rasa.say(TOPIC)
    before = set(Conversation.objects.values_list("pk", flat=True))
    progress = Counted()

    demo.fill(ChatApi(gateway.url), CONVERSATIONS, progress)

    assert progress.conversations == len(CONVERSATIONS) >= 40
    held = Conversation.objects.exclude(pk__in=before)
    assert held.count() == len(CONVERSATIONS)
    pages = set(held.values_list("page", flat=True))
    assert f"{demo.WEBSITE}/prices" in pages
    written = Message.objects.filter(conversation__in=held, author="patient")
    # The fake assistant offers one button: a second one can't be pressed.
    pressed = [step for step in steps("press") if step["press"] in (1, "person")]
    assert written.exclude(button="").count() == len(pressed)
    assert written.filter(button="").count() == len(steps("say"))
    assert not written.exclude(state="answered").exists()
    rated = Feedback.objects.filter(message__conversation__in=held)
    assert rated.count() == len(steps("thumb"))
    contacts = Contact.objects.filter(conversation__in=held)
    assert contacts.count() == len(steps("call_back"))


def test_an_urgent_reply_comes_with_the_answer(gateway, rasa):
    patient = Patient(ChatApi(gateway.url), config(gateway), page="/", improve=True)

    patient.say(CERTAIN)

    assert Alert.objects.filter(conversation__page="/").exists()
    patient.rate("up")


def test_it_waits_when_it_was_one_too_many(gateway, rasa, change):
    few = settings.LIMITS | {"message_session": 1}
    waited = []

    def pause(seconds):
        waited.append(seconds)
        change(LIMITS=settings.LIMITS | {"message_session": 100})

    patient = Patient(
        ChatApi(gateway.url, pause=pause), config(gateway), page="/", improve=True
    )
    change(LIMITS=few)
    patient.say("what does it cost")
    patient.say("and the second one")

    assert len(waited) == 1 and 1 <= waited[0] <= 60


def test_it_goes_on_where_a_person_answers_and_stops_where_nobody_does(gateway, rasa):
    rasa.say(FAQ, delay=3)
    api = ChatApi(gateway.url, seconds=1)
    patient = Patient(api, config(gateway), page="/joined", improve=True)
    with pytest.raises(RefusedError, match="no reply within 1 second"):
        patient.say("is anybody there")
    conversation = Conversation.objects.get(page="/joined")
    run(takeover.join(conversation.pk, staff_member("Maria")))

    patient.say("hello")


def test_nobody_there_is_one_line():
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(demo.DemoError, match=rf"{url}: start 'make run'.*same PORT"):
        demo.fill(ChatApi(url), CONVERSATIONS, Counted())


def test_something_else_there_is_no_front_desk(rasa):
    with pytest.raises(demo.DemoError, match="No front desk answers"):
        demo.fill(ChatApi(rasa.url), CONVERSATIONS, Counted())


def test_a_real_clinic_is_left_alone():
    with pytest.raises(demo.DemoError, match="real clinic"):
        demo.fill(RealClinic(), CONVERSATIONS, Counted())


def test_nobody_in_the_file_can_be_reached():
    known = {"say", "press", "thumb", "call_back"}
    for step in (step for each in CONVERSATIONS for step in each["talk"]):
        assert len(known & step.keys()) == 1
    for contact in (step["call_back"] for step in steps("call_back")):
        assert re.fullmatch(r"\(555\) 010-01\d\d", contact["phone"])
        assert contact.get("email", ".example").endswith(".example")
    said = " ".join(step["say"] for step in steps("say"))
    assert "@" not in said and not re.search(r"\d{4,}", said)


def config(gateway):
    return demo.config_of(ChatApi(gateway.url))
