"""A year of conversations, made up: what patients would say, as often as they would.

Words and topics are as uneven as in life (Zipf's law): few are in most messages, most
are in few. The same seed makes the same log. Django must be set up.
"""

import itertools
import random
import uuid
from datetime import UTC, datetime, timedelta

from clinic.answers import AnswerLibrary
from clinic.topics import response_of, route_of, topic_of
from retraining.examples import read_folder

END = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = 365
AT_ONCE = 2000
SYLLABLES = (
    "ba",
    "co",
    "du",
    "fe",
    "gi",
    "ju",
    "ka",
    "le",
    "mi",
    "no",
    "qua",
    "xi",
    "zo",
)


class Uneven:
    """Things of which the first is taken most often."""

    def __init__(self, things, power=1.0):
        self.things = list(things)
        weights = (1 / (rank + 1) ** power for rank in range(len(self.things)))
        self.totals = list(itertools.accumulate(weights))

    def one(self, chance):
        return chance.choices(self.things, cum_weights=self.totals)[0]


class LogMaker:
    """Makes conversations with all that hangs on them."""

    def __init__(self, seed=1):
        self.chance = random.Random(seed)
        examples = {}
        words = {}
        for example in read_folder():
            examples.setdefault(example.intent, []).append(example.text)
            for word in example.text.lower().split():
                words[word] = words.get(word, 0) + 1
        general = sorted(examples, key=lambda intent: not intent.startswith("ask_"))
        rare = ("crisis", "emergency")
        general.sort(key=lambda intent: intent.startswith(rare))
        self.intents = Uneven(general)
        self.examples = {name: Uneven(texts, 0.5) for name, texts in examples.items()}
        self.words = Uneven(sorted(words, key=lambda word: (-words[word], word)))
        self.pages = Uneven(f"/page-{number}" for number in range(40))
        self.models = [f"2026{month:02d}01-120000" for month in range(1, 12)]
        library = AnswerLibrary()
        self.answers = {
            name: [part for part in library.choose(name, {}).text.split("\n\n") if part]
            for name in library.names()
        }
        self.message_id = itertools.count(1)

    def conversation(self, started_at):
        """(conversation, messages, feedback, tickets, alerts) as rows of fields."""
        chance = self.chance
        row = {
            "id": uuid.UUID(int=chance.getrandbits(128), version=4),
            "token_hash": f"{chance.getrandbits(240):060x}",
            "consent_version": "2026-11",
            "page": self.pages.one(chance),
            "created_at": started_at,
            "expires_at": started_at + timedelta(days=7),
        }
        made = ([], [], [], [])
        at = started_at
        for _ in range(min(1 + int(chance.expovariate(0.45)), 20)):
            at += timedelta(seconds=chance.randint(5, 200))
            self._turn(row, at, *made)
        row["last_seen_at"], row["last_number"] = at, len(made[0])
        row["after_urgent"] = bool(made[3])
        return row, *made

    def _turn(self, conversation, at, messages, feedback, tickets, alerts):
        chance = self.chance
        intent = self.intents.one(chance)
        confidence = round(chance.betavariate(6, 1.6), 4)
        if confidence < 0.45:
            intent = "not_understood"
        route, topic = route_of(intent), topic_of(intent)
        urgent = route in ("crisis", "emergency")
        level = "alarm" if urgent or chance.random() < 0.002 else "none"
        text = self._text(intent)
        patient = self._message(conversation, messages, at, "patient", text)
        patient |= {"safety": {"level": level}, "state": "answered"}
        if chance.random() < 0.02:
            return  # nobody answered
        ranking = [
            {"name": intent, "confidence": confidence},
            {"name": self.intents.one(chance), "confidence": (1 - confidence) * 0.7},
        ]
        response = response_of(intent)
        for part in self.answers.get(response) or ["Here is what we know about it."]:
            reply = self._message(
                conversation, messages, at + timedelta(seconds=1), "bot", part
            )
            reply |= {
                "route": route,
                "topic": topic,
                "intent": intent,
                "confidence": confidence,
                "ranking": ranking,
                "response": response,
                "model": self.models[at.month * len(self.models) // 13],
                "answers_id": patient["id"],
            }
        self._hang_on(conversation, at, patient, reply, feedback, tickets, alerts)

    def _hang_on(self, conversation, at, patient, reply, feedback, tickets, alerts):
        chance = self.chance
        matter = {
            "conversation_id": conversation["id"],
            "message_id": patient["id"],
            "route": reply["route"],
            "created_at": at,
        }
        if chance.random() < 0.9:
            outcomes = ("answered", "called_back", "appointment", "nothing_needed")
            done = {"resolved_at": at, "outcome": chance.choice(outcomes)}
        else:
            done = {}
        if reply["route"] in ("crisis", "emergency"):
            alert = {"topic": reply["topic"] or "self_harm", "origin": "detector"}
            alerts.append(matter | alert | done)
        elif reply["route"] == "medical":
            reason = {"reason": reply["topic"] or "other_medical"}
            tickets.append(matter | reason | done)
        if chance.random() < 0.05:
            thumb = chance.choice(("up", "up", "down"))
            feedback.append(
                {"message_id": reply["id"], "thumb": thumb, "created_at": at}
            )

    def _message(self, conversation, messages, at, author, text):
        message = {
            "id": next(self.message_id),
            "conversation_id": conversation["id"],
            "number": len(messages) + 1,
            "author": author,
            "text": text,
            "sent_at": at,
        }
        messages.append(message)
        return message

    def _text(self, intent):
        chance = self.chance
        text = self.examples.get(intent, self.examples["ask_cost"]).one(chance)
        if chance.random() < 0.4:
            more = (self.words.one(chance) for _ in range(chance.randint(1, 12)))
            text += " " + " ".join(more)
        if chance.random() < 0.1:
            # A word that hardly anybody else writes.
            text += " " + "".join(chance.choice(SYLLABLES) for _ in range(4))
        return text


def fill(count, seed=1):
    """Writes conversations until there are so many messages, oldest first."""
    maker = LogMaker(seed)
    each = timedelta(days=DAYS) / max(count // 6, 1)
    waiting, messages, at = [], 0, END - timedelta(days=DAYS)
    while messages < count:
        waiting.append(maker.conversation(at))
        messages += len(waiting[-1][1])
        at = min(at + each * maker.chance.uniform(0.6, 1.4), END)
        if len(waiting) == AT_ONCE:
            _write(waiting)
            waiting = []
    _write(waiting)
    _number_on()
    _of_staff(maker.chance)
    return messages


def _write(rows):
    from django.db import transaction

    from frontdesk.chat import models
    from frontdesk.inbox.models import Stale
    from frontdesk.inbox.search_digests import digest
    from tests.load.bulk import insert

    with transaction.atomic():
        insert(models.Conversation, [row[0] for row in rows])
        kinds = (models.Message, models.Feedback, models.Ticket, models.Alert)
        for place, kind in enumerate(kinds, start=1):
            insert(kind, [fields for row in rows for fields in row[place]])
        # All at once instead of change by change.
        Stale.objects.all()._raw_delete("default")
        digest(row[0]["id"] for row in rows)


def _number_on():
    """The ids of messages were given by us."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('chat_message', 'id'), "
                "(SELECT max(id) FROM chat_message))"
            )


def _of_staff(chance):
    """Reviews, tags and flags on a tenth of the conversations."""
    from frontdesk.chat.models import Conversation, Message
    from frontdesk.inbox.models import Flag, Review, Tag

    pks = list(Conversation.objects.order_by("created_at").values_list("pk", flat=True))
    verdicts = list(Review.Verdict.values)
    read = chance.sample(pks, len(pks) // 10)
    Review.objects.bulk_create(
        Review(conversation_id=pk, verdict=chance.choice(verdicts)) for pk in read
    )
    tags = [Tag.objects.get_or_create(name=f"tag {n}")[0] for n in range(12)]
    through = Tag.conversations.through
    chosen = Uneven(tags)
    through.objects.bulk_create(
        through(tag_id=chosen.one(chance).pk, conversation_id=pk)
        for pk in chance.sample(read, len(read) // 3)
    )
    flagged = Message.objects.filter(conversation_id__in=read[:400], number=1)
    Flag.objects.bulk_create(Flag(message=message) for message in flagged)
