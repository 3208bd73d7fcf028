"""The message log and what hangs on it: the system of record.

A message's text is stored redacted; what was taken out lies encrypted in ``Original``.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Conversation(models.Model):
    """One patient's session; its id is Rasa's sender id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    consent_version = models.CharField(max_length=20)
    improve = models.BooleanField(null=True)
    locale = models.CharField(max_length=20, blank=True)
    page = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_number = models.PositiveIntegerField(default=0)
    after_urgent = models.BooleanField(default=False)
    taken_over_by = models.CharField(max_length=100, blank=True)
    closed_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    tracker_erased_at = models.DateTimeField(null=True)  # Rasa has forgotten for good
    lease_holder = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

    def is_over(self, now: datetime) -> bool:
        """Whether the session has expired, idle or for good, or was erased."""
        idle_since = self.last_seen_at + settings.SESSION_IDLE
        return self.erased_at is not None or now >= min(self.expires_at, idle_since)


class Takeover(models.Model):
    """A person of the clinic is, or was, in a conversation; written by ``takeover``."""

    class End(models.TextChoices):
        """Why it ended."""

        LEFT = "left", "Handed back"
        IDLE = "idle", "Nobody of the staff wrote for too long"
        LOST = "lost", "The browser of the staff was closed"
        OVER = "over", "The chat itself ended"

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="takeovers"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=100)  # as the patient sees it
    joined_at = models.DateTimeField(default=timezone.now)
    active_at = models.DateTimeField(default=timezone.now)  # wrote or typed
    seen_at = models.DateTimeField(default=timezone.now)  # the browser was there
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End, blank=True)

    class Meta:
        """One person at a time."""

        constraints = (
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(ended_at=None),
                name="takeover_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} in {self.conversation_id}"


class Message(models.Model):
    """One message of a conversation; ``number`` is its id towards the patient."""

    class Author(models.TextChoices):
        """Who speaks."""

        PATIENT = "patient"
        BOT = "bot"
        STAFF = "staff"
        SYSTEM = "system"

    class State(models.TextChoices):
        """How far a patient's message has come."""

        ACCEPTED = "accepted"
        ANSWERED = "answered"

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages"
    )
    number = models.PositiveIntegerField()
    author = models.CharField(max_length=10, choices=Author)
    name = models.CharField(max_length=100, blank=True)
    text = models.TextField()
    client_id = models.CharField(max_length=100, null=True)
    button = models.CharField(max_length=64, blank=True)
    answers = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="replies"
    )
    state = models.CharField(max_length=10, choices=State, blank=True)
    route = models.CharField(max_length=20, null=True)
    topic = models.CharField(max_length=50, null=True)
    check_in = models.BooleanField(default=False)
    suggestions = models.JSONField(default=list)
    buttons = models.JSONField(default=list)
    handoff = models.CharField(max_length=50, null=True)
    response = models.CharField(max_length=100, null=True)
    version = models.CharField(max_length=20, null=True)
    sources = models.JSONField(default=list)
    reviewed = models.CharField(max_length=20, null=True)
    draft = models.BooleanField(default=False)
    intent = models.CharField(max_length=100, null=True)
    confidence = models.FloatField(null=True)
    entities = models.JSONField(default=list)
    ranking = models.JSONField(default=list)
    safety = models.JSONField(default=dict)
    model = models.CharField(max_length=100, null=True)
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Numbers have no gap and no double; a client's id counts once."""

        constraints = (
            models.UniqueConstraint(
                fields=["conversation", "number"], name="message_number_once"
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="message_client_id_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["sent_at"],
                condition=Q(state="accepted"),
                name="message_unanswered",
            ),
        )

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.number}"


class Original(models.Model):
    """A patient's own words where redaction took something out, encrypted."""

    message = models.OneToOneField(
        Message, models.CASCADE, primary_key=True, related_name="original"
    )
    ciphertext = models.BinaryField()
    delete_after = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"original of {self.message_id}"


class Matter(models.Model):
    """What staff must see to: claimed by somebody, put off, resolved."""

    class Outcome(models.TextChoices):
        """What became of it."""

        ANSWERED = "answered", "Answered in the chat"
        CALLED_BACK = "called_back", "Called back"
        APPOINTMENT = "appointment", "Appointment made"
        EMERGENCY_SERVICES = "emergency_services", "Emergency services were called"
        NOT_REACHED = "not_reached", "Could not be reached"
        NOTHING_NEEDED = "nothing_needed", "Nothing was needed"
        FALSE_ALARM = "false_alarm", "False alarm"

    created_at = models.DateTimeField(default=timezone.now)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True, db_index=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)

    class Meta:
        """No table of its own."""

        abstract = True


class Ticket(Matter):
    """A matter handed to staff."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="tickets"
    )
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="tickets"
    )
    reason = models.CharField(max_length=50)
    route = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.reason} {self.conversation_id}"


class Alert(Matter):
    """Somebody may be in danger; it outlives the conversation until it is resolved.

    Until it is acknowledged it climbs (``frontdesk.alerts``): step by step more people
    are told. With ``is_drill`` there is no patient behind it: the queue shows it as a
    drill, it is acknowledged like any other, and figures about patients leave it out.
    """

    class Origin(models.TextChoices):
        """Who raised it: the detector, Rasa, the detector in a refused request, we."""

        DETECTOR = "detector"
        ASSISTANT = "assistant"
        REFUSED = "refused"
        DRILL = "drill"

    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, related_name="alerts"
    )
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="alerts"
    )
    route = models.CharField(max_length=20)
    topic = models.CharField(max_length=50)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    origin = models.CharField(max_length=10, choices=Origin)
    # Why the request was refused: the error's code, or ``alarms.NO_SESSION``.
    refused_as = models.CharField(max_length=30, blank=True)
    # The line of the spool it came from: a line read twice makes one alert.
    spool_id = models.CharField(max_length=32, null=True, unique=True)
    is_drill = models.BooleanField(default=False)
    # The step of the ladder that comes next, and when; empty if none does.
    next_step = models.PositiveIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True, default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.route} {self.topic} {self.conversation_id}"


class Contact(models.Model):
    """Name and phone or e-mail for a call back, encrypted."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="contacts"
    )
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"contact of {self.conversation_id}"


class Feedback(models.Model):
    """A patient's thumb on an answer; the newest one counts."""

    class Thumb(models.TextChoices):
        """What they thought of it."""

        UP = "up"
        DOWN = "down"

    message = models.OneToOneField(Message, models.CASCADE, related_name="feedback")
    thumb = models.CharField(max_length=4, choices=Thumb)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.thumb} {self.message_id}"


class BlockedAnswer(models.Model):
    """A text that staff took out of service; an empty version blocks all of them."""

    response = models.CharField(max_length=100)
    version = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    blocked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """One row for each text."""

        constraints = (
            models.UniqueConstraint(
                fields=["response", "version"], name="blocked_answer_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.response} {self.version}"
