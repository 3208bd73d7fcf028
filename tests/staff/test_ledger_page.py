"""The ledger as administrators see it: filters, pages, file, verifying."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from frontdesk.audit import ledger
from frontdesk.audit.models import Entry

PAGE = "/staff/ledger/"
NUMBER = re.compile(r"<tr>\s*<td>(\d+)</td>")


@pytest.fixture(scope="module")
def somebody(people):
    """A new administrator with 120 entries."""
    member = people.new("administrator", name="Ada <b>Byron</b>")
    for number in range(120):
        ledger.record(member.person, "tag", f"conversation {uuid.uuid4()}", n=number)
    return member


def numbers(html):
    return [int(number) for number in NUMBER.findall(html)]


def link(html, rel):
    found = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    return found and PAGE + found[1].replace("&amp;", "&")


def test_only_who_may_reads_it(people):
    for role in ("viewer", "responder", "trainer", "clinician"):
        assert people[role].get(PAGE).status_code == 403
        assert people[role].post(f"{PAGE}verify").status_code == 403
        assert people[role].post(f"{PAGE}export").status_code == 403


def test_pages_go_on_where_the_last_one_ended_though_entries_are_added(somebody):
    first = somebody.page(f"{PAGE}?who={somebody.person.pk}&action=tag")
    ledger.record(somebody.person, "tag", "conversation x")
    second = somebody.page(link(first, "next"))
    third = somebody.page(link(second, "next"))
    back = somebody.page(link(third, "prev"))

    mine = Entry.objects.filter(person=somebody.person, action="tag")
    known = list(mine.order_by("-number").values_list("number", flat=True))
    known = [number for number in known if number <= numbers(first)[0]]
    assert numbers(first) + numbers(second) + numbers(third) == known
    assert numbers(back) == numbers(second)
    assert not link(third, "next")
    assert not link(first, "prev")
    assert numbers(somebody.page(link(back, "prev"))) == numbers(first)


def test_filters_narrow(somebody):
    wanted = Entry.objects.filter(person=somebody.person, action="tag").all()[0]
    key = wanted.subject.split()[1]
    today = timezone.now().astimezone(settings.CLINIC.time_zone).date()

    assert numbers(somebody.page(f"{PAGE}?about={key}")) == [wanted.number]
    for since, until, count in ((today, today, 1), (today + timedelta(1), "", 0)):
        found = somebody.page(f"{PAGE}?about={key}&since={since}&until={until}")
        assert len(numbers(found)) == count
    ledger.record(ledger.Job("a job"), "prove retention", "retention", left={})
    found = somebody.page(f"{PAGE}?who=job:a+job")
    assert len(numbers(found)) == 1
    assert "Proved what retention deleted" in found


@pytest.mark.parametrize(
    "query",
    [
        "who=x",
        f"who={'9' * 30}",
        "since=x&until=0001-01-01",
        "until=9999-12-31",
        "before=x",
        "after=-1",
        f"before={'9' * 40}",
        "before=99&after=3",
        "about=%00'",
    ],
)
def test_nonsense_in_the_address_does_no_harm(people, query):
    people.administrator.page(f"{PAGE}?{query}")


def test_entries_are_readable(somebody):
    key = str(uuid.uuid4())
    ledger.record(somebody.person, "tag", f"conversation {key}", n="119")

    html = somebody.page(f"{PAGE}?who={somebody.person.pk}")

    assert f'<a href="/staff/conversations/{key}/">conversation {key[:8]}</a>' in html
    assert "Tagged" in html
    assert "Ada &lt;b&gt;Byron&lt;/b&gt;" in html
    assert "<dt>n</dt><dd>119</dd>" in html


def test_reading_is_recorded_once_an_hour(somebody):
    readings = Entry.objects.filter(person=somebody.person, action="read ledger")
    for _ in range(3):
        somebody.page(PAGE)
    assert readings.count() == 1


def test_file_has_what_the_filters_leave_and_is_recorded(somebody):
    ledger.record(somebody.person, "tag", "=HYPERLINK(1)")

    answer = somebody.post(f"{PAGE}export?who={somebody.person.pk}&action=tag")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (
        len(rows) == Entry.objects.filter(person=somebody.person, action="tag").count()
    )
    assert rows[0]["subject"] == "'=HYPERLINK(1)"
    assert rows[-1]["detail"] == '{"n": 0}'
    noted = Entry.objects.filter(person=somebody.person, action="export ledger").get()
    assert noted.detail == {"by": ["who", "action"]}


def test_verifying_says_that_all_is_well_and_is_recorded(somebody):
    assert somebody.post(f"{PAGE}verify").status_code == 302

    html = somebody.page(PAGE)
    assert "Every entry is as it was written." in html
    assert "all as written." in html
    noted = Entry.objects.filter(person=somebody.person, action="verify ledger").get()
    assert noted.detail == {"broken_at": None, "open_to": []}
