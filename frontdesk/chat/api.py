"""The chat API, put together: every call under ``/chat/`` and its OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.parser import Parser

from frontdesk.chat import errors, rights, routes_messages, routes_rest, routes_sessions
from frontdesk.chat.sessions import BearerAuth

DESCRIPTION = """\
Patients' chat with the clinic. `Authorization: Bearer <token>` on every call but
`config`, `sessions` and `rest`; the token comes from `POST /chat/sessions`.
Every error has the shape of `ErrorOut`; show `error.urgent` whenever it is there."""


class LenientParser(Parser):
    """Reads JSON as it comes from patients' devices."""

    def parse_body(self, request: HttpRequest) -> Any:
        """(see parent class for full docstring).

        Half an emoji, cut by a device, is no reason to refuse a message.
        """
        text = request.body.decode("utf-8")
        content = json.loads(text, parse_constant=_refuse)
        if "\\ud" not in text.lower():
            return content
        whole = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        return json.loads(whole)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


api = NinjaAPI(
    title="Chat of the front desk",
    version="1",
    description=DESCRIPTION,
    docs_url=None,
    auth=BearerAuth(),
    parser=LenientParser(),
    urls_namespace="chat",
)
errors.install_handlers(api)
api.add_router("", routes_sessions.router)
api.add_router("", routes_messages.router)
api.add_router("", routes_rest.router)
api.add_router("", rights.router)
