"""The dashboard's numbers against a log that was counted by hand (``dashboard_log``)."""

# ruff: noqa: E501  (tables read better in one line each)

import csv
import html
import io
import math
import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests.frontdesk.gateway_for_tests import wait_until
from tests.staff.dashboard_log import PAGE, QUESTIONS, log

__all__ = ["log"]

# What the search says of a list.
FOUND = re.compile(r'role="status">(\d+) conversations?<')


@pytest.fixture
def viewer(people):
    return people.viewer


# fmt: off
COUNTED = [
    # table,      row,                                   column,              value
    ("glance",   "Conversations",                        "In the period",     "7"),
    ("glance",   "Conversations",                        "Before",            "1"),
    ("glance",   "Conversations",                        "Change",            "6"),
    ("glance",   "Handed to staff",                      "In the period",     "4"),
    ("glance",   "Crisis or emergency",                  "In the period",     "2"),
    ("glance",   "Not understood",                       "In the period",     "1"),
    ("glance",   "Without an answer",                    "In the period",     "0"),
    ("glance",   "Thumbs up",                            "In the period",     "1"),
    ("glance",   "Thumbs down",                          "In the period",     "1"),
    ("days",     "Mon",                                  "Conversations",     "2"),
    ("days",     "Mon",                                  "Conversations before", "1"),
    ("days",     "Tue",                                  "Conversations",     "2"),
    ("days",     "Wed",                                  "Conversations",     "2"),
    ("days",     "Thu",                                  "Conversations",     "0"),
    ("days",     "Sun",                                  "Conversations",     "1"),
    ("hours",    "10 AM to 11 AM",                       "Conversations",     "2"),
    ("hours",    "10 AM to 11 AM",                       "Conversations before", "1"),
    ("hours",    "9 AM to 10 AM",                        "Conversations",     "1"),
    ("hours",    "12 PM to 1 PM",                        "Conversations",     "1"),
    ("hours",    "11 PM to 12 AM",                       "Conversations",     "1"),
    ("hours",    "12 AM to 1 AM",                        "Conversations",     "0"),
    ("routes",   "General question",                     "Conversations",     "2"),
    ("routes",   "General question",                     "Before",            "1"),
    ("routes",   "Medical",                              "Conversations",     "2"),
    ("routes",   "Crisis",                               "Conversations",     "2"),
    ("routes",   "Not understood",                       "Conversations",     "1"),
    ("topics",   "Cost (general question)",              "Conversations",     "2"),
    ("topics",   "Dose (medical)",                       "Conversations",     "2"),
    ("handoffs", "Dose",                                 "Hand-offs",         "2"),
    ("handoffs", "Dose",                                 "Conversations",     "2"),
    ("handoffs", "Dose",                                 "Before",            "0"),
    ("outcomes", "Answered in the chat",                 "Hand-offs",         "1"),
    ("outcomes", "Answered in the chat",                 "Urgent alerts",     "0"),
    ("outcomes", "Still open",                           "Hand-offs",         "1"),
    ("outcomes", "Still open",                           "Urgent alerts",     "2"),
    ("outcomes", "Still open",                           "Conversations",     "3"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (any time)",      "How many",      "2"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (any time)",      "Still waiting", "1"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (any time)",      "Half within",   "120"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (any time)",      "Nine in ten within", "not yet"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (office open)",   "How many",      "1"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (office open)",   "Nine in ten within", "120"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (office closed)", "How many",      "1"),
    ("waiting",  "Urgent alert: until somebody acknowledged it (office closed)", "Half within",   "not yet"),
    ("waiting",  "Urgent alert: until a person answered (any time)",             "Still waiting", "2"),
    ("waiting",  "Hand-off: until a person answered (office open)",              "Half within",   "300"),
    ("waiting",  "Hand-off: until a person answered (office closed)",            "Still waiting", "1"),
    ("thumbs",   "Cost",                                 "Up",                "1"),
    ("thumbs",   "Cost",                                 "Down",              "1"),
    ("thumbs",   "Cost",                                 "Up of all",         "0.5"),
    ("reviews",  "Right answer or right hand-off",       "Drawn at random",   "1"),
    ("reviews",  "Right answer or right hand-off",       "Picked otherwise",  "0"),
    ("reviews",  "Should have been handed off",          "Picked otherwise",  "1"),
    ("reviews",  "Should have been handed off",          "Drawn at random",   "0"),
    ("confidence", "90 % to 100 %",                      "Conversations",     "5"),
    ("confidence", "80 % to 90 %",                       "Conversations",     "0"),
]
# fmt: on


@pytest.fixture(scope="module")
def tables(log, people):
    """Every table as its file has it, the rows of days by their weekday."""
    found = {
        key: log.table(people.viewer, key) for key in {each[0] for each in COUNTED}
    }
    found["days"] = {name[:3]: row for name, row in found["days"].items()}
    return found


@pytest.mark.parametrize("table, row, column, value", COUNTED)
def test_number_is_as_counted_by_hand(tables, table, row, column, value):
    assert tables[table][row][column] == value


def test_messages_are_all_that_patients_have_in_their_copies(tables, log):
    copies = {name: len(each.messages()) for name, each in log.patients.items()}
    earlier = copies.pop("earlier")

    messages = tables["glance"]["Messages"]
    assert messages["In the period"] == str(sum(copies.values()))
    assert messages["Before"] == str(earlier)
    assert tables["days"]["Mon"]["Messages"] == str(copies["up"] + copies["down"])


def everything(member, **query):
    answer = member.get(f"{PAGE}export.csv", params=query)
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


LISTS = {
    "At a glance": {"In the period"},
    "By day": {"Conversations"},
    "By hour of the day": {"Conversations"},
    "Kinds of questions": {"Conversations"},
    "Topics": {"Conversations"},
    "Hand-offs by reason": {"Hand-offs"},
    "What became of hand-offs and alerts": {"Conversations"},
    "How long people waited": {"How many"},
    "Right answer or right hand-off": {"Drawn at random"},
    "Thumbs by topic": {"Up", "Down"},
    "How sure the assistant was": {"Conversations"},
}


def test_each_number_links_to_as_many_conversations(log, viewer):
    seen = set()
    for line in everything(viewer, **log.period):
        address, value = line["conversations"], line["value"]
        if not address or line["row"] == "Messages":
            continue
        if line["column"] not in LISTS.get(line["table"], ()):
            continue
        page = viewer.page(address.removeprefix(log.gateway.url))
        assert FOUND.search(page)[1] == value, line
        seen.add(line["table"])
    assert seen == set(LISTS)


def test_each_number_has_a_definition_on_the_page(log, viewer):
    page = html.unescape(viewer.page(PAGE, params=log.period))
    lines = everything(viewer, **log.period)

    assert len(lines) > 150
    for line in lines[1:]:
        assert len(line["definition"].split()) >= 4, line
        assert page.count(line["definition"]) or line["table"].startswith(
            ("Unanswered", "How far the questions")
        ), line


def test_the_rate_says_how_sure_it_is_and_how_reviews_are_drawn(log, viewer):
    page = html.unescape(viewer.page(PAGE, params=log.period))

    assert "right in 1 of 1 drawn at random (100%)" in page
    assert "between 20 % and 100 % of all (Wilson's interval)" in page
    assert "Up to 10 conversations of each day are drawn by lot" in page
    assert "picked because something may have gone wrong" in page


def test_a_week_without_anything_says_so(log, viewer):
    day = log.monday - timedelta(days=60)
    page = viewer.page(PAGE, params={"since": day, "until": day})

    for words in (
        "No conversation began in the period, nor in the one before.",
        "The assistant has answered nobody in the period.",
        "There was neither a hand-off nor an alert in the period",
        "No conversation of the period has been reviewed.",
        "No patient has given a thumb in the period.",
    ):
        assert words in page
    assert "<svg" not in page


# fmt: off
NO_PERIODS = [
    ("since=2026-13-01",                  "Choose a first day"),
    ("until=2026-01-01",                  "Choose a first day"),
    ("since=2026-02-01&until=2026-01-01", "Choose a first day"),
    ("since=2999-01-01",                  "has not come yet"),
    ("since=2020-01-01&until=2022-01-01", "Choose 1 to 366 days"),
    ("days=13",                           ""),
    ("days=7",                            ""),
]
# fmt: on


@pytest.mark.parametrize("query, words", NO_PERIODS)
def test_days_that_make_no_period_are_explained(viewer, query, words):
    page = viewer.page(f"{PAGE}?{query}")

    assert ('<p class="message error" role="alert">' in page) == bool(words)
    assert words in page
    exported = viewer.get(f"{PAGE}export.csv?{query}").status_code
    assert exported == (404 if words else 200)


def test_today_is_compared_with_the_same_time_of_day(change):
    from django.conf import settings
    from django.http import QueryDict

    from frontdesk.dashboard.period import period_of

    period = period_of(QueryDict("days=7"))

    assert period.is_going_on and period.days == period.before.days == 7
    assert period.before.last == period.first - timedelta(days=1)
    local, earlier = (
        moment.astimezone(settings.CLINIC.time_zone).time()
        for moment in (period.end, period.before.end)
    )
    assert local == earlier


def test_reading_and_saving_are_in_the_ledger(log, people):
    from frontdesk.audit.models import Entry

    reader = people.new("viewer")
    for _ in range(2):
        reader.page(PAGE)
    reader.get(f"{PAGE}export.csv", params=log.period | {"table": "routes"})
    reader.get(f"{PAGE}export.csv", params=log.period)

    mine = Entry.objects.filter(person=reader.person).order_by("number")
    done = [(e.action, e.detail.get("table")) for e in mine if e.subject == "dashboard"]
    assert done == [
        ("dashboard", None),
        ("export dashboard", "routes"),
        ("export dashboard", "all"),
    ]
    assert people.viewer.get(f"{PAGE}export.csv?table=nothing").status_code == 404


def test_a_file_has_no_formula_and_keeps_its_numbers():
    from frontdesk.dashboard.export import one
    from frontdesk.dashboard.tables import Cell, Column, Row, Table

    columns = [Column(name, name, name) for name in "abc"]
    rows = [Row("=1+1", [Cell(-5, "-5"), Cell("@x", "@x")])]
    made = one(Table("t", "T", "t", columns, rows, ""), str)

    assert made.splitlines() == ["a,b,c,conversations", "'=1+1,-5,'@x,"]


# fmt: off
PERCENTILES = [
    ([],                          None, None),
    ([5],                         5,    5),
    ([4, 2],                      2,    4),
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5, 9),
    ([1, math.inf],               1,    math.inf),
]
# fmt: on


@pytest.mark.parametrize("values, half, nine", PERCENTILES)
def test_percentiles_are_values_that_were_measured(values, half, nine):
    from frontdesk.dashboard.waiting import percentile

    assert (percentile(values, 0.5), percentile(values, 0.9)) == (half, nine)


def test_overdue_answers_come_first_and_say_what_that_means(monkeypatch):
    from django.http import QueryDict

    from clinic.answers import Answer
    from frontdesk.chat.texts import texts
    from frontdesk.dashboard.period import period_of
    from frontdesk.dashboard.quality import answers_due

    def answer(name, by, **metadata):
        return Answer(name, "Text.", {}, {"review_by": by, **metadata})

    library = [
        answer("utter_soon", "2026-03-31", route="faq", topic="cost"),
        answer("utter_late", "2026-02-28", route="faq", topic="history"),
        answer("utter_late", "2027-02-28", route="faq", topic="history"),
        answer("utter_crisis_x", "2026-02-27", route="crisis", topic="self_harm"),
        answer("utter_far", "2026-05-01", route="faq", topic="preparation"),
    ]
    monkeypatch.setattr(type(texts().library), "all", lambda self: library)
    table = answers_due(period_of(QueryDict()), date(2026, 3, 1))

    assert [
        [row.name, *(cell.text for cell in row.cells[:4])] for row in table.rows
    ] == [
        [
            "Crisis: thoughts of suicide or self-harm",
            "utter_crisis_x",
            "Feb 27, 2026",
            "2 days overdue, still in use",
            "1",
        ],
        ["History", "utter_late", "Feb 28, 2026", "1 day overdue, not given", "1"],
        ["Cost", "utter_soon", "Mar 31, 2026", "30 days", "1"],
    ]
    columns, rows = table.on_page
    assert [column.title for column in columns][:3] == ["Answer", "Review by", "Left"]
    assert [cells[0].href for _, cells in rows] == [
        f"/staff/answers/{name}/"
        for name in ("utter_crisis_x", "utter_late", "utter_soon")
    ]


@pytest.fixture
def few_examples(monkeypatch):
    """A comparison with so few of them that a test need not wait."""
    from django.core.cache import cache

    from frontdesk.dashboard import wording

    monkeypatch.setattr(wording, "EXAMPLES_OF_EACH", 4)
    cache.clear()
    yield
    cache.clear()


def test_questions_are_grouped_and_an_erased_one_is_gone_at_once(
    log, people, few_examples
):
    from frontdesk.audit.models import Entry

    reader = people.new("viewer")

    def part():
        return html.unescape(reader.page(f"{PAGE}wording", params=log.period))

    assert "being read and put into groups" in part()
    page = wait_until(lambda: (p := part()) and "Worked out" in p and p, 60)

    assert "2 questions</b> in 1 conversation" in page
    assert all(f"<q>{question}</q>" in page for question in QUESTIONS)
    lost = log.patients["lost"]
    assert re.search(rf'href="/staff/conversations/{lost.id}/#message-\d+"', page)
    assert page.count("Too few to judge (n = ") == 2
    read = Entry.objects.filter(person=reader.person, action="dashboard").last()
    assert read.detail["shown"] == [str(lost.id)]
    groups = log.table(reader, "questions")
    assert groups["1"]["Questions"] == "2"
    assert QUESTIONS[0] not in str(groups)

    erased = lost.http.delete("/chat/session", headers=lost.headers)
    assert erased.status_code in (200, 204)
    page = part()
    assert "Worked out" in page
    assert not any(question in page for question in QUESTIONS)


def test_what_can_not_be_worked_out_is_said(log, viewer, few_examples, monkeypatch):
    from frontdesk.dashboard import wording

    monkeypatch.setattr(wording, "WORKER", "frontdesk.dashboard.no_such_module")
    viewer.page(f"{PAGE}wording", params=log.period)

    words = "could not be worked out"
    wait_until(lambda: words in viewer.page(f"{PAGE}wording", params=log.period), 20)


def test_it_is_worked_out_anew_when_it_is_old(log, few_examples, monkeypatch):
    from django.http import QueryDict

    from frontdesk.dashboard import wording
    from frontdesk.dashboard.period import period_of

    period = period_of(QueryDict("days=7"))
    times = []
    drift = {"psi": 0.1, "distance": 0.1, "chance": 0.2, "messages": 9}

    def work(of):
        times.append(timezone.now().isoformat())
        return {"made_at": times[-1], "groups": [], "words": drift, "confidence": drift}

    monkeypatch.setattr(wording, "work_out", work)
    wait_until(lambda: wording.of(period))
    wording.of(period)
    assert len(times) == 1
    monkeypatch.setattr(wording, "FRESH", timedelta(0))
    assert wording.of(period).made_at.isoformat() == times[0]  # the old one meanwhile
    wait_until(lambda: len(times) > 1)
