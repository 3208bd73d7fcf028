"""A made-up patient at the public chat API of a front desk. Used by ``deploy.demo``."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

SECONDS_TO_ANSWER = 20.0
SECONDS_BETWEEN_LOOKS = 0.1
TOO_MANY = 429
LONGEST_PAUSE = 120  # seconds that the front desk may ask us to wait, at once


class NobodyThereError(Exception):
    """Nothing answers at the address, or it is no front desk."""


class RefusedError(Exception):
    """The front desk answered with an error; the words say which."""


class ChatApi:
    """The calls of ``docs/chat_api.md``; blocking, and waits where it is told to."""

    def __init__(
        self,
        url: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        seconds: float = SECONDS_TO_ANSWER,
    ) -> None:
        """Calls nothing yet.

        Args:
            url: address of the front desk.
            pause: waits so many seconds, when there were too many requests.
            seconds: how long an answer, and a reply, may take.
        """
        self.seconds = seconds
        self.url = url
        self._pause = pause
        # Loopback is never reached through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, token: str = "") -> dict[str, Any]:
        """The answer to a question (see ``post`` for what it raises)."""
        return self._call("GET", path, token, None)

    def post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        """The answer to something sent; sent again when it was one too many.

        Raises:
            NobodyThereError: if nothing answers, or something else.
            RefusedError: if it answers with another error.
        """
        while True:
            try:
                return self._call("POST", path, token, body)
            except _TooManyError as error:
                self._pause(error.seconds)

    def _call(
        self, method: str, path: str, token: str, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/chat/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with self._opener.open(request, timeout=self.seconds) as answer:
                content = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (OSError, ValueError) as error:
            raise NobodyThereError(str(error)) from error
        if not isinstance(content, dict):
            raise NobodyThereError("another program answers")
        return content


class _TooManyError(RefusedError):
    """One request too many; it may be sent again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"status {TOO_MANY}")
        self.seconds = seconds


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if error.code == TOO_MANY:
        after = error.headers.get("Retry-After") or "1"
        seconds = int(after) if after.isdecimal() else 1
        return _TooManyError(min(max(seconds, 1), LONGEST_PAUSE))
    try:
        code = json.loads(error.read())["error"]["code"]
    except (OSError, ValueError, KeyError, TypeError):
        return NobodyThereError(f"another program answers (status {error.code})")
    return RefusedError(f"status {error.code}, {code}")


class Patient:
    """One conversation, from the consent on."""

    def __init__(
        self, api: ChatApi, config: dict[str, Any], *, page: str, improve: bool
    ) -> None:
        """Opens a session (see ``ChatApi.post`` for what it raises)."""
        self._api = api
        self._human = str(config["human"]["id"])
        opened = api.post(
            "sessions",
            {
                "consent_version": config["consent"]["version"],
                "page": page,
                "improve": improve,
                "locale": "en-US",
            },
        )
        self._token = str(opened["token"])
        self._reply: list[dict[str, Any]] = opened["greeting"]

    def say(self, text: str) -> None:
        """Sends a text and waits for the reply.

        Raises:
            RefusedError: if there is none in time.
        """
        self._send({"text": text})

    def press(self, which: int | str) -> bool:
        """Presses a button of the last reply by its number, or ``person``.

        Returns:
            Whether there was such a button.
        """
        offered = [button for said in self._reply for button in said["buttons"]]
        if which == "person":
            self._send({"button": self._human})
            return True
        if not isinstance(which, int) or not 0 < which <= len(offered):
            return False
        self._send({"button": offered[which - 1]["id"]})
        return True

    def rate(self, thumb: str, comment: str = "") -> None:
        """A thumb on the last answer."""
        message = self._reply[-1]["id"]
        body = {"message": message, "thumb": thumb, "comment": comment}
        self._api.post("feedback", body, self._token)

    def ask_for_call_back(self, contact: dict[str, str]) -> None:
        """Sends the form for a call back."""
        self._api.post("contact", contact, self._token)

    def _send(self, said: dict[str, str]) -> None:
        body = {"client_id": uuid.uuid4().hex, **said}
        sent = self._api.post("messages", body, self._token)
        self._reply = sent["replies"] or self._wait_for_reply(sent["message"]["id"])

    def _wait_for_reply(self, behind: int) -> list[dict[str, Any]]:
        # All bubbles of a reply are committed together: one is there, all are.
        until = time.monotonic() + self._api.seconds
        while time.monotonic() < until:
            found = self._api.get(f"messages?after={behind}", self._token)["messages"]
            reply = [each for each in found if each["author"] == "bot"]
            if reply:
                return reply
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if self._is_with_staff():
            return self._reply
        raise RefusedError(f"no reply within {self._api.seconds:.0f} seconds")

    def _is_with_staff(self) -> bool:
        """Whether somebody has joined, who types more slowly than an assistant."""
        said = self._api.get("messages?after=0", self._token)["messages"]
        return any(each["author"] in ("staff", "system") for each in said)
