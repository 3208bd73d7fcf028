"""How long a person stays signed in, with a clock that the test sets."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from frontdesk.audit.models import Entry
from frontdesk.staff import sessions


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self):
        self.time = timezone.now()

    def __call__(self):
        return self.time

    def forward(self, **delta):
        self.time += timedelta(**delta)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(sessions, "now", clock)
    return clock


def is_in(client, **headers):
    return client.get("/staff/conversations/", headers=headers).status_code == 200


def test_an_hour_without_activity_signs_out_and_says_so(people, clock):
    client = people.new("viewer")
    clock.forward(minutes=59)
    assert is_in(client)
    clock.forward(minutes=59)
    assert is_in(client)
    clock.forward(minutes=61)
    answer = client.get("/staff/conversations/")
    where = "/staff/account/login/?next=/staff/conversations/"
    assert answer.headers["Location"] == where
    assert "signed out after 60 minutes without activity" in client.page(where)
    entry = Entry.objects.get(person=client.person, action="sign out")
    assert entry.detail == {"why": "idle"}


def test_eight_hours_are_the_end_whatever_one_does(people, clock):
    client = people.new("viewer")
    for _ in range(16):
        clock.forward(minutes=29)
        assert is_in(client)
    clock.forward(minutes=29)
    assert not is_in(client)
    entry = Entry.objects.get(person=client.person, action="sign out")
    assert entry.detail == {"why": "too long"}


def test_what_a_page_asks_by_itself_is_no_activity(people, clock):
    client = people.new("viewer")
    for _ in range(6):
        clock.forward(minutes=9.9)
        assert is_in(client, **{"X-Background": "1"})
    clock.forward(minutes=1)
    assert not is_in(client, **{"X-Background": "1"})


def test_the_last_activity_is_noted_at_most_once_a_minute(people, clock):
    client = people.new("viewer")
    is_in(client)

    def stored():
        return {s.pk: s.session_data for s in Session.objects.all()}

    before = stored()
    for _ in range(5):
        clock.forward(seconds=11)
        assert is_in(client)
    assert stored() == before
    clock.forward(seconds=11)
    assert is_in(client)
    assert stored() != before


def test_a_part_of_a_page_is_told_to_go_to_the_sign_in(people, clock):
    client = people.new("viewer")
    clock.forward(hours=2)
    answer = client.get("/staff/conversations/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/staff/account/login/"


def test_an_open_stream_can_ask_whether_its_reader_is_still_in(people, clock):
    client = people.new("viewer")
    key = client.http.cookies["staff_session"]
    person = client.person
    assert sessions.is_still_in(key, person)
    assert not sessions.is_still_in("another", person)
    assert not sessions.is_still_in(key, people.viewer.person)
    clock.forward(minutes=61)
    assert not sessions.is_still_in(key, person)
    clock.forward(minutes=-61)
    person.end_sessions()
    person.save()
    assert not sessions.is_still_in(key, person)


def test_scripts_and_styles_cost_no_database(people):
    with CaptureQueriesContext(connection) as queries:
        assert people.viewer.get("/staff/static/staff/staff.css").status_code == 200
    assert len(queries) == 0
