"""Reading ``clinic.yml``: what is refused and how; hours over midnight and DST."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
import yaml

from clinic.profile import ClinicFileError, clinic_file, load_clinic

DENVER = ZoneInfo("America/Denver")
GOOD = {
    "name": "Test Clinic",
    "phone": "(555) 010-0100",
    "address": "1 Test Street",
    "time_zone": "America/Denver",
    "serve_drafts": True,
    "hours": {
        "monday": ["09:00", "17:00"],
        "thursday": ["09:00", "17:00"],
        "friday": ["09:00", "15:00"],
        "saturday": ["00:00", "23:59"],
    },
    "holidays": [{"date": "2026-11-26", "name": "Thanksgiving"}],
}


@pytest.fixture
def load(tmp_path):
    def _load(**changes):
        values = {**GOOD, **changes}
        values = {key: value for key, value in values.items() if value != "leave out"}
        path = tmp_path / "clinic.yml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        return load_clinic(path)

    return _load


def test_example_clinic_of_the_repository_loads():
    assert load_clinic().values["name"]


def test_clinic_file_is_the_one_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CLINIC_FILE", str(tmp_path / "other.yml"))

    assert clinic_file() == tmp_path / "other.yml"


@pytest.mark.parametrize("changes, words", [
    ({"phone": "leave out"},                          "fill in phone"),
    ({"name": ""},                                    "fill in name"),
    ({"serve_drafts": "leave out"},                   "fill in serve_drafts"),
    ({"serve_drafts": "yes please"},                  "write true or false"),
    ({"time_zone": "America/Nowhere"},                "America/Denver"),
    ({"time_zone": "/etc/passwd"},                    "time_zone"),
    ({"hours": ["09:00", "17:00"]},                   "hours: write monday"),
    ({"hours": {"mon": ["09:00", "17:00"]}},          "'mon' is no weekday"),
    ({"hours": {"monday": ["9am", "5pm"]}},           "hours: monday: write"),
    ({"hours": {"monday": ["09:00"]}},                "hours: monday: write"),
    ({"hours": {"monday": 9}},                        "hours: monday: write"),
    ({"hours": {"monday": ["17:00", "09:00"]}},       "closes before it opens"),
    ({"hours": {"monday": ["18:00", "02:00"]}},       "closes before it opens"),
    ({"hours": {"monday": ["09:00", "24:00"]}},       "hours: monday: write"),
    ({"holidays": [{"date": "12/25", "name": "x"}]},  "holidays: write"),
    ({"holidays": [{"name": "no date"}]},             "holidays: write"),
    ({"holidays": ["2026-12-25"]},                    "holidays: write"),
])  # fmt: skip
def test_mistake_is_refused_with_the_key_and_what_to_do(load, changes, words):
    with pytest.raises(ClinicFileError, match=r"clinic\.yml") as error:
        load(**changes)

    assert words in str(error.value)


@pytest.mark.parametrize("origin", [
    "http://clinic.example",            # readable on its way
    "https://clinic.example/",
    "https://clinic.example/book",
    "https://clinic.example?a",
    "https://user@clinic.example",
    "https://*.clinic.example",
    "https://",
    "https://clinic.example:port",
    "https://[::1",
    "https://clinic.example https://other.example",
    "https://clinic.example;",
    "clinic.example",
    "ftp://clinic.example",
    "null",
    "*",
    "'self'",
])  # fmt: skip
def test_website_that_is_no_origin_is_refused(load, origin):
    with pytest.raises(ClinicFileError, match="website_origins") as error:
        load(website_origins=[origin])

    assert repr(origin) in str(error.value) or f"'{origin}'" in str(error.value)


@pytest.mark.parametrize("origin, as_browsers_write_it", [
    ("https://clinic.example",       "https://clinic.example"),
    ("https://Clinic.Example",       "https://clinic.example"),
    ("https://clinic.example:443",   "https://clinic.example"),
    ("https://clinic.example:8443",  "https://clinic.example:8443"),
    ("http://localhost:3000",        "http://localhost:3000"),
    ("http://127.0.0.1",             "http://127.0.0.1"),
    ("http://[::1]:8080",            "http://[::1]:8080"),
])  # fmt: skip
def test_website_that_may_show_the_chat(load, origin, as_browsers_write_it):
    assert load(website_origins=[origin, origin]).website_origins == (
        as_browsers_write_it,
    )


def test_websites_must_be_a_list_and_may_be_none(load):
    assert load().website_origins == ()
    assert load(website_origins=None).website_origins == ()
    with pytest.raises(ClinicFileError, match="write a list"):
        load(website_origins="https://clinic.example")


@pytest.mark.parametrize("content", ["just words", "- a\n- list\n", ""])
def test_file_without_keys_is_refused(tmp_path, content):
    (tmp_path / "clinic.yml").write_text(content, encoding="utf-8")

    with pytest.raises(ClinicFileError, match="key: value"):
        load_clinic(tmp_path / "clinic.yml")


def test_broken_yaml_is_refused(tmp_path):
    (tmp_path / "clinic.yml").write_text("name: [", encoding="utf-8")

    with pytest.raises(ClinicFileError, match="not valid YAML"):
        load_clinic(tmp_path / "clinic.yml")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ClinicFileError, match="not found"):
        load_clinic(tmp_path / "none.yml")


@pytest.mark.parametrize("now, is_open", [
    ("2026-11-23 08:59:59", False),  # Monday, a second before
    ("2026-11-23 09:00:00", True),
    ("2026-11-23 16:59:59", True),
    ("2026-11-23 17:00:00", False),  # the closing time is closed
    ("2026-11-24 12:00:00", False),  # Tuesday: not in the file
    ("2026-11-26 12:00:00", False),  # a Thursday, but Thanksgiving
    ("2026-11-28 00:00:00", True),   # Saturday begins at midnight
    ("2026-11-27 23:59:59", False),  # still Friday
])  # fmt: skip
def test_open_by_local_time(load, now, is_open):
    local = datetime.fromisoformat(now).replace(tzinfo=DENVER)

    assert load().is_open(local) is is_open
    assert load().is_open(local.astimezone(UTC)) is is_open


def test_utc_day_may_be_the_local_day_before(load):
    # Saturday in UTC, Friday afternoon in Denver.
    assert load().is_open(datetime(2026, 11, 27, 21, 30, tzinfo=UTC))
    assert not load().is_open(datetime(2026, 11, 28, 0, 30, tzinfo=UTC))


@pytest.mark.parametrize("now, opens", [
    # winter time begins on Sunday 1 Nov 2026: UTC-6 before, UTC-7 after
    ("2026-10-30 20:59", True), ("2026-10-30 21:00", False),
    ("2026-11-02 15:59", False), ("2026-11-02 16:00", True),
    # summer time begins on Sunday 14 Mar 2027: UTC-7 before, UTC-6 after
    ("2027-03-12 15:59", False), ("2027-03-12 16:00", True),
    ("2027-03-15 14:59", False), ("2027-03-15 15:00", True),
])  # fmt: skip
def test_hours_follow_the_clock_change(load, now, opens):
    utc = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert load().is_open(utc) is opens


def test_next_opening_over_the_clock_change_is_by_the_new_clock(load):
    saturday_night = datetime(2027, 3, 14, 7, 0, tzinfo=UTC)  # midnight in Denver

    opening = load().next_opening(saturday_night)

    assert opening.astimezone(UTC) == datetime(2027, 3, 15, 15, 0, tzinfo=UTC)


def test_next_opening_skips_holidays_and_closed_days(load):
    monday_evening = datetime(2026, 11, 23, 17, 0, tzinfo=DENVER)

    opening = load().next_opening(monday_evening)

    assert opening == datetime(2026, 11, 27, 9, 0, tzinfo=DENVER)


def test_next_opening_today_before_hours(load):
    early = datetime(2026, 11, 23, 6, 0, tzinfo=DENVER)

    assert load().next_opening(early) == datetime(2026, 11, 23, 9, 0, tzinfo=DENVER)


def test_next_opening_is_none_for_a_clinic_that_never_opens(load):
    assert load(hours={}).next_opening(datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_closing_time_only_while_open(load):
    clinic = load()

    assert clinic.closes_at(datetime(2026, 11, 27, 9, 0, tzinfo=DENVER)) == time(15)
    assert clinic.closes_at(datetime(2026, 11, 27, 15, 0, tzinfo=DENVER)) is None
    assert clinic.closes_at(datetime(2026, 11, 26, 10, 0, tzinfo=DENVER)) is None


def test_holidays_are_days(load):
    assert load().holidays == {date(2026, 11, 26): "Thanksgiving"}
    assert load(holidays=None).holidays == {}
