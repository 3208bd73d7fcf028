"""Sessions: the token is the only key, stored hashed, and it ends."""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.utils import timezone

from clinic.profile import load_clinic
from frontdesk.chat import spanish
from frontdesk.chat.models import Conversation, Message
from frontdesk.chat.routes_sessions import current_config
from frontdesk.chat.texts import texts
from tests.frontdesk.gateway_for_tests import CERTAIN


def _status(patient, token):
    headers = {"Authorization": f"Bearer {token}"}
    return patient.http.get("/chat/messages", headers=headers).status_code


def test_token_is_long_random_and_stored_hashed(patient):
    row = Conversation.objects.get(pk=patient.id)

    assert len(patient.token) >= 43
    assert row.token_hash == hashlib.sha256(patient.token.encode()).hexdigest()
    assert patient.token not in str(row.__dict__)


@pytest.mark.parametrize("token", ["x", "ü", "a" * 5000, "' or 1=1"])
def test_other_tokens_open_nothing(patient, token):
    raw = f"Bearer {token}".encode()
    answer = patient.http.get("/chat/messages", headers={"Authorization": raw})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


def test_token_in_the_address_opens_nothing(patient):
    answer = patient.http.get(f"/chat/messages?token={patient.token}")

    assert answer.status_code == 401


def test_conversation_id_opens_nothing(patient):
    assert _status(patient, patient.id) == 401


ENDS = {
    "absolute": {"expires_at": timezone.now() - timedelta(seconds=1)},
    "idle": {"last_seen_at": timezone.now() - timedelta(days=2)},
    "erased": {"erased_at": timezone.now()},
}


@pytest.mark.parametrize("changed", ENDS.values(), ids=ENDS)
def test_session_ends(patient, changed):
    assert _status(patient, patient.token) == 200

    Conversation.objects.filter(pk=patient.id).update(**changed)

    assert _status(patient, patient.token) == 401


@pytest.mark.parametrize("changed", ENDS.values(), ids=ENDS)
def test_session_that_has_just_ended_takes_no_message(patient, changed):
    """Though one that was seen a moment ago is not looked up for each message."""
    patient.say("hello")
    patient.replies()

    Conversation.objects.filter(pk=patient.id).update(**changed)
    before = Message.objects.filter(conversation=patient.id).count()
    refused = patient.say(CERTAIN)

    assert refused.status_code == 401
    assert "988" in str(refused.json()["error"]["urgent"])
    assert Message.objects.filter(conversation=patient.id).count() == before


def test_conversation_that_is_gone_for_good_takes_no_message(patient):
    patient.say("hello")
    patient.replies()

    Conversation.objects.filter(pk=patient.id).delete()

    assert patient.say("hello again").status_code == 401


def test_use_keeps_a_session_alive(patient):
    Conversation.objects.filter(pk=patient.id).update(
        last_seen_at=timezone.now() - timedelta(hours=23)
    )

    assert _status(patient, patient.token) == 200

    row = Conversation.objects.get(pk=patient.id)
    assert timezone.now() - row.last_seen_at < timedelta(minutes=1)


def test_consent_is_kept_and_an_old_one_is_not_enough(gateway, rasa):
    version = current_config()["consent"]["version"]
    url = f"{gateway.url}/chat/sessions"

    opened = httpx.post(
        url,
        json={
            "consent_version": version,
            "improve": False,
            "locale": "es-US",
            "page": "https://u:p@clinic.example/cost?name=Jane#x",
        },
    )
    refused = httpx.post(url, json={"consent_version": "2020-01"})

    row = Conversation.objects.get(pk=opened.json()["conversation"])
    assert (row.consent_version, row.improve, row.locale) == (version, False, "es-US")
    assert row.page == "https://clinic.example/cost"
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "consent_outdated"


def test_consent_in_spanish_has_a_version_of_its_own(gateway, rasa):
    url, wish = gateway.url, {"Accept-Language": "es-US,en;q=0.5"}
    config = httpx.get(f"{url}/chat/config", headers=wish).json()
    config = httpx.get(f"{url}/chat/config", headers=wish).json()
    version = config["consent"]["version"]

    opened = httpx.post(f"{url}/chat/sessions", json={"consent_version": version})

    assert version != current_config()["consent"]["version"]
    row = Conversation.objects.get(pk=opened.json()["conversation"])
    assert row.consent_version == version


def test_config_is_spanish_where_that_is_wanted_first(gateway):
    def told(wish):
        headers = {"Accept-Language": wish}
        return httpx.get(f"{gateway.url}/chat/config", headers=headers).json()

    spanish, english = told("es"), told("en-US,es;q=0.9")

    assert (spanish["locale"], english["locale"]) == ("es", "en")
    assert english == told("fr") | {"open": english["open"]}
    assert "asistente automático" in spanish["consent"]["text"]
    assert spanish["open"]["text"].startswith(("Estamos ", "Hoy estamos "))
    assert "llame al 911" in spanish["consent"]["danger_text"]
    pairs = list(zip(spanish["topics"], english["topics"], strict=True))
    assert all(here["id"] == there["id"] for here, there in pairs)
    assert all(here["title"] != there["title"] for here, there in pairs)
    assert spanish["human"] == english["human"] | {"title": "Hablar con una persona"}
    assert spanish["crisis_line"] == english["crisis_line"]


def test_spanish_drafts_are_served_only_where_drafts_are(gateway, monkeypatch):
    monkeypatch.setitem(texts().clinic.values, "serve_drafts", False)
    wish = {"Accept-Language": "es"}
    config = httpx.get(f"{gateway.url}/chat/config", headers=wish).json()

    assert config["locale"] == "en"
    assert "automated assistant" in config["consent"]["text"]


@pytest.mark.parametrize("now, said", [
    ("2026-11-23T18:00", "Estamos abiertos ahora, hasta las 5 PM de hoy."),
    ("2026-11-23T10:00", "Estamos cerrados. Abrimos de nuevo hoy a las 9 AM."),
    ("2026-11-24T02:00", "Estamos cerrados. Abrimos de nuevo mañana a las 9 AM."),
    ("2026-11-28T02:00", "Estamos cerrados. Abrimos de nuevo el lunes a las 9 AM."),
    ("2026-11-26T18:00", "Hoy estamos cerrados (Thanksgiving). Abrimos de nuevo "
                         "mañana a las 9 AM."),
])  # fmt: skip
def test_hours_are_said_in_spanish(now, said):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert spanish.open_now(load_clinic(), at) == said


def test_client_can_choose_neither_token_nor_conversation(gateway, rasa):
    version = current_config()["consent"]["version"]
    opened = httpx.post(
        f"{gateway.url}/chat/sessions",
        json={"consent_version": version, "token": "mine", "conversation": "mine"},
    ).json()

    assert opened["token"] != "mine" and opened["conversation"] != "mine"


def test_config_needs_no_token_and_says_what_a_widget_shows(gateway):
    config = httpx.get(f"{gateway.url}/chat/config").json()

    assert config["clinic"]["phone"] == "(555) 010-0199"
    assert "911" in config["crisis_line"]["text"]
    assert "988" in config["crisis_line"]["text_es"]
    assert len(config["topics"]) == 24
    assert config["human"]["title"] == "Talk to a person"
    assert config["max_text"] == 4000


def test_no_answer_sets_a_cookie_or_is_cached(patient):
    for path in ("/chat/config", "/chat/messages"):
        answer = patient.http.get(path, headers=patient.headers)

        assert "set-cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
