"""What the chat API takes and gives, for checking and for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

MOST_NUMBER = 2**31 - 1

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]
ButtonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Number = Annotated[int, Field(ge=0, le=MOST_NUMBER)]


class Button(Schema):
    """A button; pressing it sends its id."""

    id: str
    title: str


class MessageOut(Schema):
    """One message. ``id`` grows by one; it is null where nothing is in the log."""

    id: int | None
    author: Literal["patient", "bot", "staff", "system"]
    name: str = Field(default="", description="A staff member's name, where there is.")
    client_id: str = Field(default="", description="The sender's own id of it.")
    text: str
    buttons: list[Button]
    route: str | None
    topic: str | None
    check_in: bool
    suggestions: list[str]
    handoff: str = Field(default="", description="Why it was passed to staff.")
    sources: list[str]
    source_titles: list[str]
    reviewed: str | None
    draft: bool
    sent_at: str


class ErrorBody(Schema):
    """Why a request was refused."""

    code: str
    message: str = Field(description="For the patient.")
    detail: str = Field(default="", description="For the program's author.")
    urgent: list[MessageOut] = Field(
        default_factory=list,
        description="Crisis or emergency text: show it whatever else happens.",
    )


class ErrorOut(Schema):
    """Every error of this API."""

    error: ErrorBody


class SessionIn(Schema):
    """A patient who has read and accepted the consent text."""

    consent_version: str = Field(max_length=20)
    improve: bool | None = None
    locale: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,20}$")
    page: str = Field(default="", max_length=2000)


class SessionOut(Schema):
    """The token is the only key to the conversation, and is never shown again."""

    token: str
    conversation: str
    greeting: list[MessageOut]


class MessageIn(Schema):
    """A text or a pressed button, one of both."""

    client_id: ClientId = Field(
        description="Chosen by the sender; the same id again sends nothing twice."
    )
    text: str | None = None
    button: ButtonId | None = None


class AcceptedOut(Schema):
    """The stored message; replies come by the stream, urgent ones here too."""

    message: MessageOut
    replies: list[MessageOut] = Field(default_factory=list)


class MessagesOut(Schema):
    """Messages, oldest first."""

    messages: list[MessageOut]


class TypingIn(Schema):
    """Whether the patient is typing."""

    typing: bool = True


class FeedbackIn(Schema):
    """A thumb on an answer."""

    message: Number
    thumb: Literal["up", "down"]
    comment: str = Field(default="", max_length=1000)


class FeedbackOut(Schema):
    """Crisis or emergency text, if the comment calls for one."""

    urgent: list[MessageOut] = Field(default_factory=list)


class RestIn(Schema):
    """The body of Rasa's REST channel; the sender is the session's token."""

    sender: str = Field(max_length=200)
    message: str


class RestButton(Schema):
    """A button as Rasa writes it."""

    title: str
    payload: str


class RestOut(Schema):
    """One message as Rasa's REST channel writes it."""

    recipient_id: str
    text: str
    buttons: list[RestButton] = Field(default_factory=list)
    custom: dict[str, object] = Field(default_factory=dict)


class ClinicOut(Schema):
    """Whose chat this is."""

    name: str
    phone: str
    example: bool


class OpenOut(Schema):
    """Whether the office is open."""

    now: bool
    text: str


class ConsentOut(Schema):
    """What a patient agrees to."""

    version: str
    text: str
    improve_text: str
    declined_text: str
    danger_text: str = Field(
        description="What is true of a dangerous message before consent: show it with "
        "the crisis text."
    )


class CrisisLineOut(Schema):
    """The line that is always in sight."""

    text: str
    text_es: str


class ConfigOut(Schema):
    """What a widget shows before there is a session."""

    locale: Literal["en", "es"] = Field(
        description="Language of the texts: that of `Accept-Language` where there is "
        "one for all of them."
    )
    clinic: ClinicOut
    open: OpenOut
    consent: ConsentOut
    crisis_line: CrisisLineOut
    topics: list[Button]
    human: Button
    drafts: bool
    max_text: int
