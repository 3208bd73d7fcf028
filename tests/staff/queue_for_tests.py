"""Entries of the queue as tests make and read them."""

import html
import re
import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.chat.models import Alert, Conversation, Message, Ticket

QUEUE = "/staff/"
ENTRY = re.compile(r'<li class="sheet entry[^"]*" id="((?!off-)[^"]+)"')


def conversation(**fields):
    values = {
        "token_hash": secrets.token_hex(32),
        "consent_version": settings.CONSENT_VERSION,
        "expires_at": timezone.now() + timedelta(days=1),
    }
    return Conversation.objects.create(**(values | fields))


def ticket(reason, minutes=1, whose=None, **fields):
    since = timezone.now() - timedelta(minutes=minutes)
    whose = whose or conversation()
    return Ticket.objects.create(
        conversation=whose, reason=reason, created_at=since, **fields
    )


def alert(route, topic, minutes=1, whose=None, **fields):
    """An alert; ``whose=False``: of a request that was refused."""
    if whose is None:
        whose = conversation(after_urgent=True)
    since = timezone.now() - timedelta(minutes=minutes)
    values = {"route": route, "topic": topic, "created_at": since, "origin": "detector"}
    return Alert.objects.create(conversation=whose or None, **(values | fields))


def say(whose, text, author="patient", **fields):
    whose.last_number += 1
    whose.save(update_fields=["last_number"])
    return Message.objects.create(
        conversation=whose, number=whose.last_number, author=author, text=text, **fields
    )


def key_of(matter):
    """The id of its entry in the page."""
    if matter.conversation_id:
        return f"c-{matter.conversation_id}"
    return f"alert-{matter.pk}"


def ref_of(matter):
    return f"{'alert' if isinstance(matter, Alert) else 'ticket'}-{matter.pk}"


def entries(page):
    """Keys of the entries that a page shows, from top to bottom."""
    return ENTRY.findall(page)


def entry(page, matter):
    """The HTML of one entry; empty if it is not there."""
    key = key_of(matter)
    found = re.search(rf'<li class="sheet entry[^"]*" id="{key}".*?\n</li>', page, re.S)
    return found[0] if found else ""


def words(part):
    """What a reader sees of it, in one line."""
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", part).split()))


def do(member, deed, *matters, plain=False, **fields):
    """Presses a button of the queue; gives the answer."""
    headers = {} if plain else {"HX-Request": "true"}
    form = {"matter": [ref_of(each) for each in matters], **fields}
    return member.post(f"/staff/queue/{deed}", form, headers=headers)


def news(answer):
    """What the person is told."""
    found = re.findall(r'<p class="message[^"]*">(.*?)</p>', answer.text)
    return " ".join(map(html.unescape, found))


def recorded(matter, action):
    """The rows of the ledger about a matter."""
    subject = ref_of(matter).replace("-", " ")
    return list(Entry.objects.filter(subject=subject, action=action))


def empty():
    """Resolves what other tests have left."""
    for kind in (Ticket, Alert):
        kind.objects.filter(resolved_at=None).update(resolved_at=timezone.now())
