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
    "few": ("Too few to judge (n = {messages}, {fewest} needed)", "words"),
    "same": ("As in training", "good"),
    "look": ("A little: read some of the conversations", "warn"),
    "act": ("A lot: read conversations and correct what it got wrong", "danger"),
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
    f"{sample.MOST_QUESTIONS}), put together by their meaning (sentence vectors, "
    "joined as long as their average cosine distance is small). A large group is a "
    "topic worth an answer or more examples. Private details are not in the texts."
)
NEAREST = (
    "The topic whose training examples are most like the group, where one stands out."
)


def drift_table(period: Period, found: Wording) -> Table:
    """Both drifts, and what they mean."""
    unsure = listed(period, most=0.5)
    rows = [
        _drift("What they ask, and in which words", WORDS, found.words, listed(period)),
        _drift("How sure the assistant is", SURENESS, found.confidence, unsure),
    ]
    return Table(
        "drift",
        "How far the questions have moved from what it was trained on",
        f"Do patients still write as the training examples do? Up to "
        f"{sample.MOST_MESSAGES} messages of the period, drawn by lot, are compared "
        f"with training examples of the same meanings in the same proportions. Below "
        f"{LOOK} nothing has changed; from {LOOK} on read some conversations; from "
        f"{ACT} on the assistant was not made for what patients write now: correct "
        "what it got wrong, and propose that it learns it (page Training).",
        [
            Column("what", "What", "What is compared.", is_number=False),
            Column(
                "psi",
                "How far",
                "0 is not at all; there is no upper end. The measure is "
                "the population stability index.",
            ),
            Column(
                "chance",
                "Chance explains up to",
                "What so few messages show in 19 of 20 cases without any change.",
            ),
            Column(
                "distance",
                "Jensen-Shannon distance",
                "The same on a scale from 0, the same, to 1, nothing in common.",
                is_technical=True,
            ),
            Column("messages", "Messages", "How many were compared."),
            Column(
                "verdict",
                "What it means",
                f"By how far it is, if that is more than chance; at least {FEWEST} "
                "messages are needed.",
                is_number=False,
            ),
        ],
        rows,
        "There is nothing to compare.",
    )


WORDS = (
    "New subjects, another way of writing, another language: which of 20 groups of "
    "like meaning messages fall into."
)
SURENESS = (
    "How sure a small copy of the assistant is of what messages mean, compared with "
    "examples that it has not seen either."
)


def _drift(name: str, what: str, found: Drift, address: str) -> Row:
    words, look = VERDICTS[found.verdict]
    words = words.format(messages=found.messages, fewest=FEWEST)
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
