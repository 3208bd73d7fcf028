"""What one clinic is: ``clinic.yml``, checked and typed.

Read by the NLG, the actions and the front desk.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
# A page on one of these may be served without encryption: it is on this machine.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
REQUIRED_KEYS = ("name", "phone", "address", "time_zone", "hours", "serve_drafts")


class ClinicFileError(ValueError):
    """``clinic.yml`` is missing something or holds something that makes no sense."""


@dataclass(frozen=True)
class Clinic:
    """One clinic as ``clinic.yml`` describes it."""

    values: dict[str, Any]
    hours: dict[str, tuple[time, time]]
    holidays: dict[date, str]
    time_zone: ZoneInfo
    website_origins: tuple[str, ...] = ()

    @property
    def serve_drafts(self) -> bool:
        """Whether texts that nobody has approved may be shown."""
        return bool(self.values["serve_drafts"])

    def hours_on(self, day: date) -> tuple[time, time] | None:
        """Opening and closing time of a calendar day, or None if closed all day."""
        if day in self.holidays:
            return None
        return self.hours.get(WEEKDAYS[day.weekday()])

    def is_open(self, now: datetime) -> bool:
        """Whether the office is open.

        Args:
            now: an aware datetime, in any time zone.
        """
        local = now.astimezone(self.time_zone)
        hours = self.hours_on(local.date())
        return hours is not None and hours[0] <= local.time() < hours[1]

    def closes_at(self, now: datetime) -> time | None:
        """Today's closing time if the office is open at ``now``, else None."""
        hours = self.hours_on(now.astimezone(self.time_zone).date())
        return hours[1] if hours and self.is_open(now) else None

    def next_opening(self, now: datetime) -> datetime | None:
        """The next moment the office opens after ``now``; None if not in 60 days."""
        local = now.astimezone(self.time_zone)
        for days in range(60):
            day = local.date() + timedelta(days=days)
            hours = self.hours_on(day)
            if hours is None:
                continue
            opening = datetime.combine(day, hours[0], tzinfo=self.time_zone)
            if opening > local:
                return opening
        return None


def clinic_file() -> Path:
    """The file to read: ``$CLINIC_FILE``, else ``clinic.yml`` of this repository."""
    default = Path(__file__).resolve().parent.parent / "clinic.yml"
    return Path(os.environ.get("CLINIC_FILE", default))


def load_clinic(path: Path | None = None) -> Clinic:
    """Reads and checks ``clinic.yml``.

    Raises:
        ClinicFileError: names the file, the key and what to do.
    """
    path = path or clinic_file()
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ClinicFileError(
            f"{path}: not found. Copy the example clinic.yml and fill it in."
        ) from error
    except yaml.YAMLError as error:
        raise ClinicFileError(f"{path}: not valid YAML. {error}") from error
    if not isinstance(values, dict):
        raise ClinicFileError(f"{path}: expected 'key: value' lines.")
    missing = [key for key in REQUIRED_KEYS if values.get(key) in (None, "")]
    if missing:
        raise ClinicFileError(f"{path}: fill in {', '.join(missing)}.")
    if not isinstance(values["serve_drafts"], bool):
        raise ClinicFileError(f"{path}: serve_drafts: write true or false.")
    try:
        time_zone = ZoneInfo(values["time_zone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ClinicFileError(
            f"{path}: time_zone: '{values['time_zone']}' is unknown. "
            f"Use a name such as America/Denver."
        ) from error
    return Clinic(
        values=values,
        hours=_parse_hours(values["hours"], path),
        holidays=_parse_holidays(values.get("holidays") or [], path),
        time_zone=time_zone,
        website_origins=_parse_origins(values.get("website_origins") or [], path),
    )


def _parse_hours(hours: Any, path: Path) -> dict[str, tuple[time, time]]:
    if not isinstance(hours, dict):
        raise ClinicFileError(f'{path}: hours: write monday: ["09:00", "17:00"].')
    parsed = {}
    for day, pair in hours.items():
        if day not in WEEKDAYS:
            raise ClinicFileError(f"{path}: hours: '{day}' is no weekday.")
        try:
            opens, closes = (time.fromisoformat(str(value)) for value in pair)
        except (TypeError, ValueError) as error:
            raise ClinicFileError(
                f'{path}: hours: {day}: write ["09:00", "17:00"], in quotes.'
            ) from error
        if opens >= closes:
            raise ClinicFileError(f"{path}: hours: {day}: closes before it opens.")
        parsed[day] = (opens, closes)
    return parsed


def _parse_holidays(holidays: Any, path: Path) -> dict[date, str]:
    try:
        return {
            date.fromisoformat(str(entry["date"])): str(entry["name"])
            for entry in holidays
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ClinicFileError(
            f'{path}: holidays: write - {{date: "2026-12-25", name: Christmas Day}}.'
        ) from error


def _parse_origins(origins: Any, path: Path) -> tuple[str, ...]:
    """The websites on which the chat may be shown, as browsers write them."""
    if not isinstance(origins, list):
        raise ClinicFileError(
            f"{path}: website_origins: write a list: [https://www.clinic.example]."
        )
    return tuple(dict.fromkeys(_origin(str(origin), path) for origin in origins))


def _origin(text: str, path: Path) -> str:
    origin = text.strip().lower()
    try:
        parts = urlsplit(origin)
        host, port = parts.netloc, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    name = host.removesuffix(f":{port}")
    default = {"https": 443, "http": 80}.get(parts.scheme)
    if origin != f"{parts.scheme}://{host}" or not _HOST.fullmatch(name) or not default:
        raise ClinicFileError(
            f"{path}: website_origins: '{text}': write the beginning of the website's "
            f"address without path or slash at the end, such as "
            f"https://www.clinic.example."
        )
    if parts.scheme == "http" and name not in LOCAL_HOSTS:
        raise ClinicFileError(
            f"{path}: website_origins: '{text}': must begin with https://, or what "
            f"patients write can be read on its way."
        )
    return f"{parts.scheme}://{name}" if port in (None, default) else origin
