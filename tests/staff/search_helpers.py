"""For the tests of search and review: conversations, and what a list shows of them."""

import re
import uuid

from tests.frontdesk.gateway_for_tests import wait_until

LIST = "/staff/conversations/"

LETTERS = str.maketrans("0123456789", "ghijklmnop")


def word():
    """One that nobody else has written: of letters, as digits may be a phone number."""
    return "w" + uuid.uuid4().hex[:12].translate(LETTERS)


def digested():
    """Has everything that was written found; the gateway would a little later."""
    from django.db import transaction

    from frontdesk.inbox.models import Stale
    from frontdesk.inbox.search_digests import behind, digest_again

    def is_done():
        for conversation_id in behind():
            with transaction.atomic():
                digest_again(conversation_id)
        return not Stale.objects.exists()

    wait_until(is_done, 15)


def chat(gateway, *texts):
    """A patient who has said this, answered and digested."""
    patient = gateway.patient()
    for text in texts:
        assert patient.say(text).status_code == 200
    patient.replies(len(texts))
    digested()
    return patient


def ids_on(page):
    """The conversations of a list, in its order."""
    found = re.findall(r'<h3><a href="/staff/conversations/([0-9a-f-]{36})/', page)
    return [uuid.UUID(each) for each in found]


def found(member, **query):
    """What somebody finds."""
    return ids_on(member.page(LIST, params=query))
