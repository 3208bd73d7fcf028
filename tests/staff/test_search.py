"""Finding conversations over HTTP: words, filters, kept views, the table, erasure."""

# ruff: noqa: E501  (tables read better in one line each)

import csv
import io
import re
import time
import uuid

import pytest

from tests.frontdesk.gateway_for_tests import CERTAIN, FAQ, HAND_OFF, HOME, wait_until
from tests.frontdesk.run_async import run
from tests.staff.search_helpers import LIST, chat, digested, found, ids_on, word

NOT_UNDERSTOOD = FAQ | {
    "text": "I did not get that.",
    "route": "not_understood",
    "topic": None,
    "response": "utter_not_understood",
}


@pytest.fixture
def viewer(people):
    return people.viewer


def test_words_are_found_in_any_order_and_phrases_in_theirs(gateway, rasa, viewer):
    one, two, three = word(), word(), word()
    patient = chat(gateway, f"{one} and then {two}", f"Also {three}-something")

    # fmt: off
    for typed, is_there in (
        (one, True), (one.upper(), True), (f"{two} {one}", True), (f"{one} {three}", True),
        (f'"{one} and then"', True), (f'"{two} {one}"', False), (f'"{two} also"', False),
        (f"{one[:8]}*", True), (one[:8], False), (f"{one} {word()}", False),
        (f"{one} costs", True),  # the assistant says it
    ):
        # fmt: on
        assert found(viewer, q=typed) == [patient.id] * is_there, typed
    assert found(viewer, q=f"{one} costs", said="patient") == []
    assert found(viewer, q=f"{one} {three}", said="patient") == [patient.id]


@pytest.mark.parametrize(
    "typed",
    [
        '"', '"""', "*", "**", "a*b*", "()", "AND", "NOT x", "NEAR(", "x:y", "^x", "-",
        "'; DROP TABLE inbox_words; --", "\\", "%", "_", "\x00", "\ud83d".encode(
            "utf-16", "surrogatepass").decode("utf-16", "replace"), "💊" * 50, "a" * 500,
        "x " * 200, "{patient} : x", "&|!<->", "':*A", "ß", "İ", "½", "١٢", "漢字",
    ],
)  # fmt: skip
def test_whatever_is_typed_gives_results_or_none(viewer, typed):
    answer = viewer.get(LIST, params={"q": typed})

    assert answer.status_code == 200
    assert 'role="status"' in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "since=x", "since=2026-13-01", "until=0001-01-01", "since=9999-12-31",
        "least=2", "most=nan", "least=1e999", "route=nowhere", "before=x",
        "before=99999999999999999999", "before=-1", "review=maybe", "tag=%00",
        "least=0.9&most=0.1", "q=" + "a" * 600, "page=" + "a" * 400,
    ],
)  # fmt: skip
def test_an_address_that_is_no_good_is_answered(viewer, query):
    assert viewer.get(f"{LIST}?{query}").status_code == 200
    assert viewer.get(f"{LIST}export.csv?{query}").status_code == 200


def test_what_is_found_is_marked_and_escaped(gateway, rasa, viewer):
    one = word()
    chat(gateway, f"<img src=x> {one} <script>alert(1)</script>")

    page = viewer.page(LIST, params={"q": one})

    assert f"<mark>{one}</mark>" in page
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert "<img" not in page
    typed = viewer.page(LIST, params={"q": '"><script>alert(2)</script>'})
    assert "<script>alert" not in typed


def test_filters_find_what_happened(gateway, rasa, viewer):
    one = word()
    plain = chat(gateway, f"{one} plain").id
    rasa.say(HAND_OFF)
    medical = chat(gateway, f"{one} medical").id
    rasa.say(NOT_UNDERSTOOD)
    unclear = chat(gateway, f"{one} unclear").id
    urgent = chat(gateway, f"{one} {CERTAIN}").id

    def those(**query):
        return set(found(viewer, q=one, **query))

    assert those() == {plain, medical, unclear, urgent}
    assert those(route="medical") == {medical}
    assert those(route="faq", topic="cost") == {plain}
    assert those(route="faq", topic="dosing") == set()
    assert those(route="crisis") == {urgent}
    assert those(intent="ask_cost", least="0.9") == {plain, medical, unclear}
    assert those(intent="ask_cost", most="0.89") == set()
    assert those(model="m-1", route="medical") == {medical}
    assert those(handed_off="on") == {medical, urgent}
    assert those(after_urgent="on") == {urgent}
    assert those(not_understood="on") == {unclear}
    assert those(unanswered="on") == set()
    assert those(review="no") == {plain, medical, unclear, urgent}
    assert those(until="2020-01-01") == set()
    assert those(since="2020-01-01") == {plain, medical, unclear, urgent}


def test_filters_find_what_staff_and_patients_think(gateway, rasa, viewer, people):
    from frontdesk.chat.models import Ticket
    from frontdesk.inbox.models import Flag, Review, Tag

    one = word()
    rasa.say(HAND_OFF)
    patient = chat(gateway, f"{one} {word()}")
    chat(gateway, f"{one} other")
    last = patient.messages()[-1]["id"]
    patient.post("/chat/feedback", {"message": last, "thumb": "down"})
    digested()
    tag = Tag.objects.create(name=word())
    tag.conversations.add(patient.id)
    Review.objects.create(conversation_id=patient.id, verdict="missed")
    message = tag.conversations.get().messages.first()
    Flag.objects.create(message=message, reason="why")
    Ticket.objects.filter(conversation=patient.id).update(outcome="called_back")

    for query in (
        {"thumb": "down"}, {"tag": tag.name}, {"review": "yes"}, {"verdict": "missed"},
        {"flagged": "on"}, {"outcome": "called_back"},
    ):  # fmt: skip
        assert found(viewer, q=one, **query) == [patient.id], query
    for query in ({"thumb": "up"}, {"verdict": "right"}, {"outcome": "appointment"}):
        assert found(viewer, q=one, **query) == [], query
    assert len(found(viewer, q=one, review="no")) == 1


def test_pages_have_everything_once_and_newest_first(
    gateway, rasa, viewer, monkeypatch
):
    from frontdesk.inbox import search

    monkeypatch.setattr(search, "ON_A_PAGE", 2)
    monkeypatch.setattr(search, "MOST_COUNTED", 4)
    one = word()
    made = [chat(gateway, one).id for _ in range(5)]

    page = viewer.page(LIST, params={"q": one})
    seen = ids_on(page)
    assert "More than 4 conversations" in page
    while older := re.search(r'rel="next" href="(\?[^"]+)"', page):
        page = viewer.page(LIST + older[1].replace("&amp;", "&"))
        seen += ids_on(page)

    assert seen == made[::-1]


def test_a_conversation_that_goes_on_comes_first_and_once(gateway, rasa, viewer):
    one = word()
    first, second = chat(gateway, one), chat(gateway, one)
    first.say(f"{word()} again")
    first.replies(2)
    digested()

    assert found(viewer, q=one) == [first.id, second.id]


def test_the_search_is_recorded_without_its_words(gateway, rasa, viewer):
    from frontdesk.audit.models import Entry

    one = word()
    patient = chat(gateway, one)
    found(viewer, q=one, route="faq")

    entry = Entry.objects.filter(action="search", person=viewer.person).latest("number")
    assert entry.detail == {"by": ["q", "route"], "shown": [str(patient.id)]}


def test_views_are_kept_renamed_and_deleted_by_their_owner(viewer, people):
    from frontdesk.inbox.models import SavedView

    name = word()
    form = {"name": name, "query": "q=cost&route=faq&evil=1&thumb="}
    kept = viewer.post(f"{LIST}views/", form)
    view = SavedView.objects.get(person=viewer.person, name=name)
    assert kept.headers["Location"] == f"{LIST}?q=cost&route=faq"
    assert f'href="?{view.query.replace("&", "&amp;")}"' in viewer.page(LIST)
    assert name not in people.responder.page(LIST)

    for deed in ("rename", "delete"):
        path = f"{LIST}views/{view.pk}/{deed}"
        assert people.responder.post(path, {"name": "mine"}).status_code == 404
    viewer.post(f"{LIST}views/{view.pk}/rename", {"name": f"{name} too"})
    assert SavedView.objects.get(pk=view.pk).name == f"{name} too"
    viewer.post(f"{LIST}views/", {"name": f"{name} too", "query": "q=new"})
    assert SavedView.objects.get(pk=view.pk).query == "q=new"
    viewer.post(f"{LIST}views/{view.pk}/delete")
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_the_table_has_no_word_of_anybody(gateway, rasa, viewer):
    from frontdesk.audit.models import Entry
    from frontdesk.chat.models import Conversation

    one = word()
    patient = chat(gateway, one)
    Conversation.objects.filter(pk=patient.id).update(page='=HYPERLINK("x")')
    patient.say("and more")
    patient.replies(2)
    digested()

    answer = viewer.get(f"{LIST}export.csv", params={"q": one})

    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert row["conversation"] == str(patient.id)
    assert (row["routes"], row["topics"], row["intents"]) == ("faq", "cost", "ask_cost")
    assert row["page"] == '\'=HYPERLINK("x")'
    assert row["address"].endswith(f"/staff/conversations/{patient.id}/")
    assert one not in answer.text and "costs what" not in answer.text
    entry = Entry.objects.filter(action="export list").latest("number")
    assert entry.detail == {"by": ["q"], "count": 1}


def _kept():
    """Everything of the database's files, the journal too."""
    files = HOME.glob("frontdesk.sqlite3*")
    return b"".join(file.read_bytes() for file in files)


def test_what_is_erased_is_found_nowhere(gateway, rasa, viewer):
    from django.db import connection

    one, other = word(), word()
    patient, stays = chat(gateway, f"{one} {word()}"), chat(gateway, f"{other} x")
    assert found(viewer, q=one) == [patient.id]
    is_sqlite = connection.vendor == "sqlite"
    assert not is_sqlite or one.encode() in _kept()

    assert patient.http.delete("/chat/session", headers=patient.headers).is_success

    assert found(viewer, q=one) == []  # at once
    if is_sqlite:
        wait_until(lambda: one.encode() not in _kept(), 15)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            assert not any(one in repr(row) for row in cursor.fetchall()), table
    assert found(viewer, q=other) == [stays.id]


def test_a_message_deleted_by_itself_takes_its_words_along(gateway, rasa, viewer):
    from frontdesk.chat.models import Message

    one, other = word(), word()
    patient = chat(gateway, f"said {one}", f"said {other}")

    Message.objects.filter(conversation=patient.id, text__contains=one).delete()

    assert found(viewer, q=one) == []
    wait_until(lambda: found(viewer, q=other) == [patient.id])
    assert found(viewer, q=one) == []


def test_triggers_survive_a_migration(gateway):
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite drops them when it makes a table anew")
    assert apps.is_installed("frontdesk.inbox")
    name = "inbox_chat_message_insert"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")
        call_command("migrate", verbosity=0)
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        assert (name,) in cursor.fetchall()


def test_a_chat_in_full_swing_is_digested_once_a_minute(gateway, viewer, monkeypatch):
    from frontdesk.inbox import search_digests

    first, second = word(), word()
    patient = gateway.patient()
    patient.say(first)
    wait_until(lambda: found(viewer, q=first) == [patient.id], 15)
    patient.say(second)
    patient.replies(2)
    other = gateway.patient()
    other.say(second)

    wait_until(lambda: found(viewer, q=second) == [other.id], 15)
    monkeypatch.setattr(search_digests, "SECONDS_BETWEEN_DIGESTS", 0.0)
    wait_until(lambda: set(found(viewer, q=second)) == {other.id, patient.id}, 15)


def test_after_a_long_wait_for_the_database_the_search_goes_on_at_once(
    gateway, rasa, viewer, monkeypatch
):
    from frontdesk.inbox import search_digests

    patient = chat(gateway, f"{word()} and then more")

    def after_a_lock(_):
        time.sleep(1)

    monkeypatch.setattr(search_digests, "MOST_SECONDS", 0.5)
    monkeypatch.setattr(search_digests, "digest_again", after_a_lock)
    monkeypatch.setattr(search_digests, "_due", lambda: [patient.id])
    began = time.monotonic()
    run(search_digests.keep_up())

    # A pause of four times the wait would be 5 s in all.
    assert 1 < time.monotonic() - began < 4


def test_patients_who_wait_go_before_the_search(gateway, monkeypatch):
    from frontdesk.chat.waiting import waiting
    from frontdesk.inbox import search_digests

    conversation_id, done = uuid.uuid4(), []
    with waiting.patient():
        monkeypatch.setattr(search_digests, "SECONDS_TO_LET_BY", 10)
        monkeypatch.setattr(search_digests, "digest_again", done.append)
        # From now on the gateway's own search has something to do.
        monkeypatch.setattr(search_digests, "_due", lambda: [conversation_id])
        time.sleep(2)
        assert conversation_id not in done

    wait_until(lambda: conversation_id in done, 15)


def test_nobody_finds_anything_without_an_account(gateway, people):
    from frontdesk.inbox.filters import Filters
    from frontdesk.inbox.search import find

    gone = people.make("viewer", is_active=False)
    assert find(gone, Filters({})).digests == []
    assert uuid.UUID(int=0) not in found(people.viewer)
