"""``GET /chat/config``, ``POST /chat/sessions``: what comes before a first message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from frontdesk.chat import database, message_log, sessions
from frontdesk.chat.answers import ANYWHERE, json_answer
from frontdesk.chat.errors import ApiError
from frontdesk.chat.limits import address_of, rates
from frontdesk.chat.models import Conversation, Message
from frontdesk.chat.presenter import present
from frontdesk.chat.schemas import ConfigOut, SessionIn, SessionOut
from frontdesk.chat.spanish import language_of
from frontdesk.chat.texts import texts

router = Router(tags=["session"])
GREETING_RESPONSE = "utter_chat_greeting"


@router.get("/config", auth=None, response={200: ConfigOut, **ANYWHERE})
async def config(request: HttpRequest) -> HttpResponse:
    """What a widget shows before there is a session."""
    return json_answer(current_config(language_of(request)))


def current_config(language: str = "en") -> dict[str, Any]:
    """The content of ``GET /chat/config``; needs no database.

    Args:
        language: ``es`` for Spanish, as far as its texts may be served.
    """
    words = texts().in_language(language)
    clinic = words.clinic
    is_open = clinic.is_open(words.now())
    return {
        "locale": words.language,
        "clinic": {
            "name": str(clinic.values["name"]),
            "phone": str(clinic.values["phone"]),
            "example": bool(clinic.values.get("example")),
        },
        "open": {
            "now": is_open,
            "text": words.say(
                "utter_office_open" if is_open else "utter_office_closed"
            ),
        },
        "consent": {
            "version": consent_versions()[words.language],
            "text": words.say("utter_consent"),
            "improve_text": words.say("utter_consent_improve"),
            "declined_text": words.say("utter_consent_declined"),
            "danger_text": words.say("utter_consent_danger"),
        },
        "crisis_line": {
            "text": texts().say("utter_crisis_line"),
            "text_es": texts().say("utter_crisis_line_spanish"),
        },
        "topics": words.topic_buttons(),
        "human": words.human_button(),
        "drafts": words.any_drafts(),
        "max_text": settings.MAX_TEXT,
    }


def consent_versions() -> dict[str, str]:
    """Versions of the consent texts that a patient may agree to, by language."""
    return {"en": settings.CONSENT_VERSION, "es": settings.CONSENT_VERSION_SPANISH}


@router.post("/sessions", auth=None, response={201: SessionOut, **ANYWHERE})
async def open_session(request: HttpRequest, payload: SessionIn) -> HttpResponse:
    """Opens a session for a patient who has accepted the consent text."""
    await rates().check("session_address", address_of(request))
    if payload.consent_version not in consent_versions().values():
        raise ApiError(422, "consent_outdated", "utter_error_consent")
    token = sessions.new_token()
    conversation, greeting = await database.write(_open, token, payload)
    return json_answer(
        {
            "token": token,
            "conversation": str(conversation.pk),
            "greeting": [present(message) for message in greeting],
        },
        status=201,
    )


def _open(token: str, payload: SessionIn) -> tuple[Conversation, list[Message]]:
    conversation = sessions.create(
        token=token,
        consent=payload.consent_version,
        improve=payload.improve,
        locale=payload.locale,
        page=_without_query(payload.page),
    )
    bubbles = texts().with_suggestions(GREETING_RESPONSE)
    return conversation, message_log.append_reply(conversation, bubbles)


def _without_query(page: str) -> str:
    """The address of a page; what stands behind ``?`` may say who the visitor is."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))[:300]
