"""A year of conversations, made up: what patients would say, as often as they would.

Words and topics are as uneven as in life (Zipf's law): few are in most messages, most
are in few. The same seed makes the same log, but for the day that it ends with.
"""

import itertools
import random
import uuid
from datetime import timedelta

from clinic.answers import AnswerLibrary
from clinic.topics import response_of, route_of, topic_of
from retraining.examples import read_folder

DAYS = 365
MODELS = 11  # that were live one after the other
RARE = "zocozoco"  # a word that is in few conversations
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


def models_until(end):
    """Their names, the oldest first: each says when it was trained."""
    days = (timedelta(days=DAYS) * number / MODELS for number in range(MODELS))
    return [f"{end - timedelta(days=DAYS) + past:%Y%m%d}-120000" for past in days]


class LogMaker:
    """Makes conversations with all that hangs on them."""

    def __init__(self, end, seed=1):
        self.end, self.seed = end, seed
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
        self.models = models_until(end)
        library = AnswerLibrary()
        self.answers = {
            name: [part for part in library.choose(name, {}).text.split("\n\n") if part]
            for name in library.names()
        }
        self.message_id = itertools.count(1)

    def go_on(self, conversations, message_id):
        """From here the log is the same, however it came to be so long."""
        self.chance = random.Random(f"{self.seed} {conversations}")
        self.message_id = itertools.count(message_id + 1)

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
                "model": self._model(at),
                "answers_id": patient["id"],
            }
        self._hang_on(conversation, at, patient, reply, feedback, tickets, alerts)

    def _model(self, at):
        past = at - (self.end - timedelta(days=DAYS))
        number = int(past / timedelta(days=DAYS) * MODELS)
        return self.models[min(number, MODELS - 1)]

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
        if chance.random() < 0.0005:
            text += f" {RARE}"
        if chance.random() < 0.1:
            # A word that hardly anybody else writes.
            text += " " + "".join(chance.choice(SYLLABLES) for _ in range(4))
        return text
