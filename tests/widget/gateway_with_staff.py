"""The front desk as the widget's tests start it: with a door for staff and the clock.

The inbox of the staff does not belong to the widget; what it does to a conversation is
asked for here, by ``POST /test/<what>`` with the patient's token.
"""

import json
from datetime import datetime
from urllib.parse import parse_qs

from frontdesk.asgi import application as front_desk  # isort: skip - sets Django up

from django.conf import settings
from django.utils import timezone

from frontdesk.chat import database, fanout, sessions, takeover
from frontdesk.chat.models import Alert, Contact, Conversation, Feedback, Message
from frontdesk.chat.texts import texts
from frontdesk.staff.models import Person

USUAL_LIMITS = dict(settings.LIMITS)
MANY = dict.fromkeys(settings.LIMITS, 100_000)
settings.LIMITS = dict(MANY)


async def application(scope, receive, send):
    """Answers what tests ask; everything else is the product's."""
    if scope["type"] != "http" or not scope["path"].startswith("/test/"):
        return await front_desk(scope, receive, send)
    asked = {
        name: value[0]
        for name, value in parse_qs(scope["query_string"].decode()).items()
    }
    deed = DEEDS[scope["path"].removeprefix("/test/")]
    body = json.dumps(await deed(**asked)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _conversation(token):
    return await database.read(sessions.find, token)


async def join(token, name):
    person = await database.write(_person, name)
    await takeover.join((await _conversation(token)).pk, person)


async def say(token, name, text):
    person = await database.write(_person, name)
    await takeover.say((await _conversation(token)).pk, person, text)


async def leave(token):
    conversation = await _conversation(token)
    there = await database.read(takeover.current, conversation.pk)
    await takeover.leave(conversation.pk, there.person)


async def close(token):
    """As staff closes a conversation that is done."""
    conversation = await _conversation(token)
    await database.write(_set, conversation.pk, closed_at=timezone.now())
    await fanout.publish(conversation.pk, {"state": "closed"})


async def expire(token):
    conversation = await _conversation(token)
    await database.write(_set, conversation.pk, expires_at=timezone.now())


async def review(token):
    """As if a clinician had approved what was answered last."""
    conversation = await _conversation(token)
    await database.write(_review, conversation)


async def limit(**most):
    settings.LIMITS = {**MANY, **{name: int(value) for name, value in most.items()}}


async def clock(at=None):
    """Stops the clock; without a time it goes on."""
    words = texts()
    if at:
        words.now = lambda: datetime.fromisoformat(at)
    else:
        words.__dict__.pop("now", None)


async def kept(token=None):
    """How much of what is stored, in one conversation or in all."""
    return await database.read(_kept, token and await _conversation(token))


def _person(name):
    email = f"{name.replace(' ', '').lower()}@staff.example"
    found = Person.objects.filter(email=email).first()
    return found or Person.objects.create_user(email, name=name, role="responder")


def _set(key, **values):
    Conversation.objects.filter(pk=key).update(**values)


def _review(conversation):
    replies = conversation.messages.filter(author="bot", route="faq")
    replies.update(draft=False, reviewed="2026-05-22")


def _kept(conversation):
    if conversation is None:
        return {
            "conversations": Conversation.objects.count(),
            "messages": Message.objects.count(),
            "alerts": Alert.objects.count(),
        }
    return {
        "texts": list(conversation.messages.values_list("text", flat=True)),
        "improve": conversation.improve,
        "contacts": Contact.objects.filter(conversation=conversation).count(),
        "feedback": list(
            Feedback.objects.filter(message__conversation=conversation).values_list(
                "thumb", "comment"
            )
        ),
        "alerts": conversation.alerts.count(),
    }


DEEDS = {
    deed.__name__: deed
    for deed in (join, say, leave, close, expire, review, limit, clock, kept)
}
