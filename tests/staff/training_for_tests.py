"""Conversations as trainers correct them, and the proposals of the gateway's home."""

import shutil

from django.conf import settings

from frontdesk.chat.models import Message
from frontdesk.training.models import Correction
from retraining.proposal_list import all_proposals
from tests.staff.queue_for_tests import conversation, say

RANKING = [
    {"name": "ask_insurance_coverage", "confidence": 0.41},
    {"name": "ask_cost", "confidence": 0.33},
    {"name": "ask_payment_options", "confidence": 0.11},
    {"name": "medical_dosing", "confidence": 0.05},
    {"name": "near_miss_topic", "confidence": 0.01},
]
HTMX = {"HX-Request": "true"}


def talked(text="what would it run me", improve=True, **understood):
    """A conversation of one question, answered with the wrong text."""
    whose = conversation(improve=improve)
    asked = say(whose, text, safety={"level": "none"})
    values = {
        "intent": "ask_insurance_coverage",
        "confidence": 0.41,
        "ranking": RANKING,
        "response": "utter_insurance_coverage",
        "route": "faq",
        "topic": "insurance_coverage",
        "answers": asked,
    }
    say(whose, "Insurance may pay.", "bot", **(values | understood))
    return asked


def path(message, rest="correct"):
    chat = message.conversation_id
    return f"/staff/training/conversations/{chat}/messages/{message.number}/{rest}"


def correct(member, message, **fields):
    """Presses a button below the message; gives the answer."""
    return member.post(path(message), fields, headers=HTMX)


def correction_of(message):
    return Correction.objects.filter(message=message).first()


def press(member, message, what, **fields):
    found = correction_of(message)
    address = f"/staff/training/corrections/{found.pk}/{what}"
    return member.post(address, fields, headers=HTMX)


def teach(member, message, text="what does it all come to", **fields):
    values = {"text": text, "confirmed": "1", "proposal": "new", "anyway": "1"}
    return press(member, message, "teach", **(values | fields))


def proposals():
    return all_proposals(settings.CLINIC_HOME)


def forget_all():
    shutil.rmtree(settings.CLINIC_HOME / "proposals", ignore_errors=True)
    Correction.objects.all().delete()


def number_of_messages(whose):
    return Message.objects.filter(conversation=whose).count()
