"""What patients wrote, for a replay: redacted, of those alone who agreed."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.chat.models import Conversation, Message

from tests.frontdesk.gateway_for_tests import wait_until  # isort: skip


def traffic(days=14):
    out = io.StringIO()
    call_command("traffic", days=days, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def talk(gateway, improve, *texts):
    patient = gateway.patient()
    Conversation.objects.filter(pk=patient.id).update(improve=improve)
    for text in texts:
        patient.say(text)
    wait_until(lambda: len(patient.messages()) >= len(texts))
    return patient


@pytest.fixture
def nobody_else():
    Conversation.objects.update(improve=None)


def test_traffic_is_redacted_and_of_those_who_agreed(gateway, rasa, nobody_else):
    yes = talk(gateway, True, "how much is it", "call me under 415-555-0173")
    talk(gateway, False, "this stays here")
    talk(gateway, None, "this too")
    old = talk(gateway, True, "long ago")
    long_ago = timezone.now() - timedelta(days=30)
    Message.objects.filter(conversation_id=old.id).update(sent_at=long_ago)

    found = traffic()

    assert found[0]["text"] == "how much is it"
    assert len(found) == 2
    assert "0173" not in json.dumps(found)
    assert len({line["conversation"] for line in found}) == 1
    assert str(yes.id) not in json.dumps(found)
    entry = Entry.objects.filter(action="export traffic").latest("number")
    assert entry.detail["count"] == 2


@pytest.mark.parametrize("days", [0, -1, 366])
def test_days_that_are_none(days):
    with pytest.raises(CommandError, match="1 to 365"):
        traffic(days)
