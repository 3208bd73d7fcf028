"""Speaks the front desk's channel of the Rasa server. Used by the terminal chat."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from deploy.settings import Settings

SECONDS_TO_ANSWER = 30


class AssistantGoneError(Exception):
    """The Rasa server does not answer."""


class AssistantRefusedError(Exception):
    """The Rasa server answered, but not with a reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FrontDeskClient:
    """One installation's channel; blocking calls."""

    def __init__(self, url: str, token: str, seconds: float = SECONDS_TO_ANSWER):
        self._url = f"{url}/webhooks/frontdesk"
        self._token = token
        self._seconds = seconds
        # Loopback is never reached through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def of(cls, settings: Settings) -> FrontDeskClient:
        """The client for an installation's settings."""
        return cls(settings.rasa_url, settings.auth_token)

    def is_ready(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            return self._call("GET", "/", seconds=2).get("status") == "ok"
        except (AssistantGoneError, AssistantRefusedError):
            return False

    def send(
        self, conversation: str, *, text: str | None = None, button: str | None = None
    ) -> dict[str, Any]:
        """Sends a text or presses a button; gives the whole answer.

        Raises:
            AssistantGoneError: if nothing answers.
            AssistantRefusedError: if it answers with an error.
        """
        said = {"text": text} if button is None else {"button": button}
        return self._call("POST", "/message", {"conversation": conversation, **said})

    def erase(self, conversation: str) -> None:
        """Has a conversation forgotten (see ``send`` for what it raises)."""
        self._call("DELETE", f"/conversation/{conversation}")

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
            method=method,
        )
        try:
            with self._opener.open(request, timeout=seconds or self._seconds) as answer:
                content = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssistantRefusedError(error.code, _message_of(error)) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise AssistantGoneError(str(reason)) from error
        if not isinstance(content, dict):
            raise AssistantRefusedError(502, "Another program answers on this port.")
        return content


def _message_of(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"status {error.code}"
