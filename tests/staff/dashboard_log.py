"""A small log whose figures were counted by hand, made through the gateway's HTTP.

It is moved to a week, months ago, in which nothing else happens:

- a week ago, 10:00: a question about cost
- Monday 10:15: a question about cost, thumb up
- Monday 10:45: two questions about cost, thumb down on the last; by lot reviewed: right
- Tuesday 16:50: a dose, handed off at once; staff write after 5 minutes
- Tuesday 20:00, the office is closed: a dose, handed off at once
- Wednesday 09:30: a crisis, its alert acknowledged after 2 minutes
- Wednesday 23:30, the office is closed: a crisis
- Sunday 12:00: two questions, not understood; reviewed: missed
"""

import csv
import io
from datetime import datetime, time, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from tests.frontdesk.gateway_for_tests import CERTAIN, FAQ, HAND_OFF, fake_rasa
from tests.staff.search_helpers import digested

PAGE = "/staff/dashboard/"
NOT_UNDERSTOOD = FAQ | {
    "text": "I did not understand that.",
    "route": "not_understood",
    "topic": None,
    "response": "utter_not_understood",
}
QUESTIONS = (
    "do you have somewhere to leave my bicycle",
    "is there a place where i can park my bike",
)


def quiet_monday():
    """A Monday long ago on which the office was open; a week of its own a process."""
    today = timezone.now().astimezone(settings.CLINIC.time_zone).date()
    day = today - timedelta(days=252 + today.weekday())
    while any(
        settings.CLINIC.hours_on(day + timedelta(days=n)) is None for n in range(3)
    ):
        day -= timedelta(days=7)
    return day


class Log:
    """The conversations by name, and the days that they were moved to."""

    def __init__(self, gateway, rasa, people):
        self.gateway, self.rasa, self.people = gateway, rasa, people
        self.monday = quiet_monday()
        self.patients = {}
        self._make()
        digested()

    @property
    def period(self):
        last = self.monday + timedelta(days=6)
        return {"since": f"{self.monday}", "until": f"{last}"}

    def at(self, day, clock):
        """A moment of the week, on the clinic's clock."""
        moment = datetime.combine(
            self.monday + timedelta(days=day), time.fromisoformat(clock)
        )
        return moment.replace(tzinfo=settings.CLINIC.time_zone)

    def table(self, member, key, **query):
        """A table as its file has it: the first column to the others."""
        asked = self.period | query | {"table": key}
        answer = member.get(f"{PAGE}export.csv", params=asked)
        assert answer.status_code == 200, key
        head, *lines = csv.reader(io.StringIO(answer.text))
        return {
            line[0]: dict(zip(head[1:], line[1:], strict=True))
            for line in lines
            if any(line)
        }

    def _make(self):
        from frontdesk.chat.models import Alert, Message, Ticket
        from frontdesk.inbox.models import Review

        self._say("earlier", "what does it cost")
        up = self._say("up", "what does it cost")
        self._thumb(up, "up")
        down = self._say("down", "what does it cost", "and for two")
        self._thumb(down, "down")
        self.rasa.say(HAND_OFF)
        answered = self._say("answered", "how much should i take")
        self._take_over(answered)
        self._say("waiting", "how much should i take")
        self._say("seen", CERTAIN)
        self._say("unseen", CERTAIN)
        self.rasa.say(NOT_UNDERSTOOD)
        lost = self._say("lost", *QUESTIONS)
        self.rasa.say(FAQ)

        for name, day, clock in (
            ("earlier", -7, "10:00"),
            ("up", 0, "10:15"),
            ("down", 0, "10:45"),
            ("answered", 1, "16:50"),
            ("waiting", 1, "20:00"),
            ("seen", 2, "09:30"),
            ("unseen", 2, "23:30"),
            ("lost", 6, "12:00"),
        ):
            self._move(name, self.at(day, clock))
        Ticket.objects.filter(conversation_id=answered.id).update(
            resolved_at=self.at(1, "17:00")
        )
        Message.objects.filter(conversation_id=answered.id, author="staff").update(
            sent_at=self.at(1, "16:55")
        )
        Alert.objects.filter(conversation_id=self.patients["seen"].id).update(
            acknowledged_at=self.at(2, "09:32")
        )
        Review.objects.create(
            conversation_id=down.id, verdict="right", from_sample=True
        )
        Review.objects.create(conversation_id=lost.id, verdict="missed")

    def _say(self, name, *texts):
        patient = self.patients[name] = self.gateway.patient()
        for number, text in enumerate(texts, 1):
            assert patient.say(text).status_code == 200
            patient.replies(number)
        return patient

    def _thumb(self, patient, thumb):
        message = patient.messages()[-1]["id"]
        patient.post("/chat/feedback", {"message": message, "thumb": thumb})

    def _take_over(self, patient):
        path = f"/staff/conversations/{patient.id}/"
        member = self.people.responder
        member.post(f"{path}join")
        member.post(f"{path}say", {"text": "A nurse will call you."})
        member.post(f"{path}leave", {"outcome": "answered"})

    def _move(self, name, moment):
        """The whole conversation happens then."""
        from frontdesk.chat.models import Alert, Conversation, Message, Ticket

        pk = self.patients[name].id
        Conversation.objects.filter(pk=pk).update(created_at=moment)
        Message.objects.filter(conversation_id=pk).update(sent_at=moment)
        for kind in (Ticket, Alert):
            kind.objects.filter(conversation_id=pk).update(created_at=moment)

    def remove(self):
        from frontdesk.chat.models import Alert, Conversation

        pks = [patient.id for patient in self.patients.values()]
        Alert.objects.filter(conversation_id__in=pks).delete()
        Conversation.objects.filter(pk__in=pks).delete()


@pytest.fixture(scope="module")
def log(gateway, people):
    """The log, there while a module's tests run."""
    fake_rasa().reset()
    made = Log(gateway, fake_rasa(), people)
    yield made
    fake_rasa().reset()
    made.remove()
