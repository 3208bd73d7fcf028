"""The three widgets: what a page loads for each, and where their parts are.

Each one has the set-up of its own README, in files and not in the page, so that a
strict policy has nothing of the page to refuse.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from benchmarks.widget.backend import FIRST_PAYLOAD
from benchmarks.widget.packages import DEEP_CHAT, RASA_WEBCHAT, Package

FOLDER = "/bench/"
PAGE = FOLDER + "page.html"
SET_UP = FOLDER + "set-up.js"
BUNDLE = FOLDER + "bundle.js"
STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
)


@dataclass(frozen=True)
class Parts:
    """Where what is in a widget (selectors of Playwright, through shadow roots)."""

    panel: str
    field: str
    reply: str
    trouble: str  # what tells that a message did not go out


@dataclass(frozen=True)
class Widget:
    """One widget and its set-up."""

    key: str
    parts: Parts
    set_up_note: str
    package: Package | None = None
    # Pressed one after the other until a patient can write.
    begin: tuple[str, ...] = ()
    # Whether it can be closed: one that is always open has no closed state.
    closes: bool = True
    licence: str = ""
    # An option of its README that could save messages; tried in an outage of its own.
    other_option: dict[str, Any] | None = None

    @property
    def title(self) -> str:
        """Its name and version."""
        return self.package.spec if self.package else "clinic-chat (ours)"

    def files(
        self, greeting: list[str], options: dict[str, Any] | None = None
    ) -> dict[str, tuple[str, str]]:
        """The page and its set-up: content type and text by path.

        Args:
            greeting: the bubbles that a patient is greeted with.
            options: more options for the widget, where it takes any.
        """
        markup, script = _SET_UPS[self.key](greeting, options or {})
        html = _PAGE.format(markup=markup, after=_AFTER[self.key])
        return {
            PAGE: ("text/html; charset=utf-8", html),
            SET_UP: ("text/javascript; charset=utf-8", script),
        }


def _ours(greeting: list[str], more: dict[str, Any]) -> tuple[str, str]:
    return "", ""  # the script tag is all; the greeting is the front desk's


def _deep_chat(greeting: list[str], more: dict[str, Any]) -> tuple[str, str]:
    """README, "Connect"; ``introMessage`` of its types takes a list."""
    connect = escape(json.dumps({"url": "/deep-chat"}))
    intro = escape(json.dumps([{"text": text} for text in greeting]))
    return f'<deep-chat connect="{connect}" introMessage="{intro}"></deep-chat>', ""


def _rasa_webchat(greeting: list[str], more: dict[str, Any]) -> tuple[str, str]:
    """README, "In a <script> tag", with the payload that asks for a greeting."""
    options = {
        "initPayload": FIRST_PAYLOAD,
        "customData": {"language": "en"},
        "socketPath": "/socket.io/",
        **more,
    }
    script = (
        f"window.WebChat.default({{...{json.dumps(options)}, "
        "socketUrl: location.origin}, null);"
    )
    return "", script


_SET_UPS = {"ours": _ours, "deep-chat": _deep_chat, "rasa-webchat": _rasa_webchat}
_AFTER = {
    "ours": '<script type="module" src="/widget/widget.js"></script>',
    "deep-chat": f'<script type="module" src="{BUNDLE}"></script>',
    "rasa-webchat": (
        f'<script src="{BUNDLE}"></script>\n<script src="{SET_UP}"></script>'
    ),
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A clinic</title>
</head>
<body>
<main>
<h1>A clinic</h1>
<p>This page is the same for every widget.</p>
{markup}
</main>
{after}
</body>
</html>
"""

WIDGETS = (
    Widget(
        key="ours",
        parts=Parts(
            panel="clinic-chat .panel",
            field="clinic-chat textarea",
            reply="clinic-chat .row.bot .bubble",
            trouble="clinic-chat .outage",
        ),
        set_up_note="the script tag of widget/README.md; front desk with its usual "
        "limits, an assistant of the bench behind it",
        begin=(
            "clinic-chat button.launcher",
            "clinic-chat button:has-text('Agree and start')",
        ),
        licence="Apache-2.0",
    ),
    Widget(
        key="deep-chat",
        parts=Parts(
            panel="deep-chat #chat-view",
            field="deep-chat #text-input",
            reply="deep-chat .ai-message-text",
            trouble="deep-chat .error-message-text",
        ),
        set_up_note="bundle in a module script, element with `connect` and "
        "`introMessage`; plain HTTP, no streaming, no browserStorage (its defaults)",
        package=DEEP_CHAT,
        closes=False,
        licence=DEEP_CHAT.licence,
    ),
    Widget(
        key="rasa-webchat",
        parts=Parts(
            panel=".rw-conversation-container",
            field=".rw-new-message",
            reply=".rw-response",
            trouble=".rw-loading",
        ),
        set_up_note="script tag, `initPayload`, `customData`, `socketUrl`, "
        "`socketPath`; all else its defaults; socket.io as Rasa 3.6 speaks it",
        package=RASA_WEBCHAT,
        begin=(".rw-launcher",),
        licence=RASA_WEBCHAT.licence,
        other_option={"hideWhenNotConnected": False},
    ),
)
