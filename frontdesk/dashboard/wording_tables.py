"""Unanswered questions and drift as the page shows them; texts are read anew each time.

Only what is still there is shown: an erased conversation has no message any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from clinic.topics import NOT_UNDERSTOOD_INTENT, route_of, topic_of
from frontdesk.chat.models import Message
from frontdesk.dashboard import wording_sample as sample
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import Cell, Column, Row, Table, count, listed, text
from frontdesk.dashboard.wording import Group, Wording
from frontdesk.dashboard.wording_drift import ACT, FEWEST, LOOK, Drift
from frontdesk.inbox import labels

MOST_GROUPS = 12
MOST_SINGLES = 5
EXAMPLES = 3
MOST_LINKS = 10
LONGEST = 240  # characters of an example
SURE = 0.3  # less, and no topic is named
# What intents without a topic mean here.
NO_TOPIC = {
    "follow_up": "a follow-up whose subject is not clear",
    "more_detail": "asking for more",
    "choose_suggestion": "choosing one of the suggestions",
    "foreign_spanish": "Spanish",
    "foreign_other": "another language",
}
VERDICTS = {
    "few": ("Too few messages to tell", "words"),
    "same": ("As in training", "good"),
    "look": ("Have a look", "warn"),
    "act": ("Worry: read conversations, correct, train anew", "danger"),
}


@dataclass(frozen=True)
class Place:
    """A question in its conversation."""

    text: str
    href: str
    conversation_id: UUID


@dataclass(frozen=True)
class Shown:
    """A group of questions."""

    examples: list[Place]
    more: list[Place]  # links to further conversations
    questions: int
    conversations: int
    nearest: str


def questions(found: Wording) -> tuple[list[Shown], list[Place], int]:
    """Groups of at least two; some questions like no other, and how many there are."""
    wanted = [pk for group in found.groups for pk in group.messages]
    places = _places(wanted)
    groups, singles = [], []
    for group in found.groups:
        there = [places[pk] for pk in group.messages if pk in places]
        if len(there) > 1:
            groups.append(_shown(group, there))
        else:
            singles += there
    return groups, singles[:MOST_SINGLES], len(singles)


def questions_table(groups: list[Shown]) -> Table:
    """Groups without a word of anybody, for files."""
    rows = [
        Row(
            str(number),
            [
                count(group.questions),
                count(group.conversations),
                text(group.nearest),
                text(" ".join(place.href for place in (*group.examples, *group.more))),
            ],
        )
        for number, group in enumerate(groups, 1)
    ]
    return Table(
        "questions",
        "Unanswered questions",
        QUESTIONS,
        [
            Column("group", "Group", "Questions that mean much the same.", False),
            Column("questions", "Questions", "How many were asked."),
            Column("conversations", "Conversations", "In how many conversations."),
            Column("nearest", "Sounds most like", NEAREST, False),
            Column("addresses", "Addresses", "Of some of the conversations.", False),
        ],
        rows,
        "No two questions that were not understood were alike.",
    )


QUESTIONS = (
    f"Messages that the assistant did not understand (of the period the newest "
    f"{sample.MOST_QUESTIONS}), put together by their meaning: sentence vectors, "
    "joined as long as their average cosine distance is small. A large group is a "
    "topic worth an answer or more training examples. Private details are not in the "
    "texts."
)
NEAREST = (
    "The topic whose training examples are most like the group, where one stands out."
)


def drift_table(period: Period, found: Wording) -> Table:
    """Both drifts, and what they mean."""
    rows = [
        _drift("Wording", WORDS, found.words, listed(period)),
        _drift("Confidence", CONFIDENCE, found.confidence, listed(period, most=0.5)),
    ]
    return Table(
        "drift",
        "Drift against training",
        f"Do patients still write as the training examples do? Up to "
        f"{sample.MOST_MESSAGES} messages of the period, drawn by lot, are compared "
        f"with training examples of the same intents in the same proportions. Below "
        f"{LOOK} on the first scale nothing has changed; from {LOOK} on read some "
        f"conversations; from {ACT} on worry: the assistant was not made for what "
        "patients write now, so correct what it got wrong and train it anew.",
        [
            Column("what", "What", "What is compared.", is_number=False),
            Column(
                "psi",
                "Change (PSI)",
                "Population stability index: 0 is no change, there is no upper end.",
            ),
            Column(
                "chance",
                "By chance up to",
                "What so few messages may show in 19 of 20 cases without any change.",
            ),
            Column(
                "distance",
                "Distance (Jensen-Shannon)",
                "The same on a scale from 0, the same, to 1, nothing in common.",
            ),
            Column("messages", "Messages", "How many were compared."),
            Column(
                "verdict",
                "What it means",
                f"By the first scale, if it is above chance; at least {FEWEST} "
                "messages are needed.",
                is_number=False,
            ),
        ],
        rows,
        "There is nothing to compare.",
    )


WORDS = (
    "Which of 20 clusters of meaning messages fall into: new subjects, another way of "
    "writing, another language."
)
CONFIDENCE = (
    "How sure a small copy of the assistant's classifier is of them, compared with "
    "examples that it has not seen either."
)


def _drift(name: str, what: str, found: Drift, address: str) -> Row:
    words, look = VERDICTS[found.verdict]
    numbers = (found.psi, found.chance, found.distance)
    cells = [Cell(round(each, 3), f"{each:.2f}") for each in numbers]
    if found.verdict == "few":
        cells = [Cell(None, "-")] * len(numbers)
    messages = count(found.messages, address)
    return Row(name, [*cells, messages, text(words, look=look)], what)


def _places(pks: list[int]) -> dict[int, Place]:
    kept = Message.objects.filter(pk__in=pks, conversation__erased_at=None)
    rows = kept.values_list("pk", "text", "conversation_id", "number")
    return {
        pk: Place(
            said if len(said) <= LONGEST else f"{said[:LONGEST]} ...",
            f"{reverse('inbox:conversation', args=[conversation_id])}#message-{number}",
            conversation_id,
        )
        for pk, said, conversation_id, number in rows
    }


def _shown(group: Group, there: list[Place]) -> Shown:
    # The same words twice tell nothing new.
    different = list(
        {place.text.casefold(): place for place in reversed(there)}.values()
    )
    examples = different[::-1][:EXAMPLES]
    seen = {place.conversation_id for place in examples}
    others = {
        place.conversation_id: place
        for place in there
        if place.conversation_id not in seen
    }
    more = list(others.values())[:MOST_LINKS]
    conversations = len({place.conversation_id for place in there})
    return Shown(examples, more, len(there), conversations, _nearest(group))


def _nearest(group: Group) -> str:
    """In words, where one kind stands out that says something."""
    intent = group.nearest
    if group.probability < SURE:
        return ""
    if topic := topic_of(intent):
        return labels.topic(topic)
    route = route_of(intent)
    known = route != NOT_UNDERSTOOD_INTENT
    return NO_TOPIC.get(intent, labels.route(route) if known else "")
