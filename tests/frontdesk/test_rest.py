"""The door for clients that know only Rasa's REST channel."""

from clinic.buttons import HUMAN_INTENT, button_id
from frontdesk.chat import takeover
from tests.frontdesk.gateway_for_tests import CERTAIN, FAQ, HAND_OFF, staff_member
from tests.frontdesk.run_async import run


def _ask(patient, message, sender=None):
    body = {"sender": sender or patient.token, "message": message}
    return patient.http.post("/chat/rest", json=body)


def test_reply_has_the_shape_of_rasas_rest_channel(patient, rasa):
    rasa.say(HAND_OFF, FAQ)

    first, second = _ask(patient, "which dose, and how much?").json()

    assert first["recipient_id"] == patient.token
    assert (first["text"], second["text"]) == (HAND_OFF["text"], FAQ["text"])
    assert first["custom"]["route"] == "medical"
    assert first["custom"]["handoff"] == "dosing"
    assert second["buttons"] == [{"title": "More", "payload": "b-1"}]


def test_same_conversation_as_the_other_doors(patient):
    _ask(patient, "by rest")

    texts = [message["text"] for message in patient.messages()]
    assert "by rest" in texts and FAQ["text"] in texts


def test_payload_of_a_button_presses_it(patient, rasa):
    button = button_id(HUMAN_INTENT)
    _ask(patient, button)

    assert rasa.asked_by(patient) == [{"button": button}]


def test_urgent_text_comes_at_once(patient, rasa):
    rasa.say(FAQ, delay=3)

    answer = _ask(patient, CERTAIN).json()

    assert {message["custom"]["route"] for message in answer} == {"crisis"}


def test_fallback_comes_while_rasa_is_down(patient, rasa):
    rasa.say(status=503)

    answer = _ask(patient, "hello").json()

    assert "988" in " ".join(message["text"] for message in answer)


def test_nothing_while_a_person_is_there(patient):
    run(takeover.join(patient.id, staff_member("Maria")))

    assert _ask(patient, "hello").json() == []


def test_sender_must_be_a_token(patient):
    answer = _ask(patient, "hello", sender=str(patient.id))

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
