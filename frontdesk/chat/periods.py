"""How long each kind of data is kept: ``kept_days`` of ``clinic.yml``.

Called by ``settings`` alone; ``chat.retention`` keeps to them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from clinic.profile import ClinicFileError

# Days. The audit log has none here: it is append-only, and kept for six years or more.
USUAL = {
    "conversations": 365,  # after the last message
    "originals": 30,  # what redaction took out
    "contacts": 90,
    "matters": 365,  # hand-offs and alerts, after they were resolved
    "unused_sessions": 30,  # opened, and never written in
    "sign_ins": 90,  # failed ones, and old invitations
    "tombstones": 2190,  # that there was a conversation which was erased
}
LONGEST = 36_500


def read_periods(given: Any, path: Path) -> dict[str, timedelta]:
    """Each kind's period.

    Args:
        given: what ``clinic.yml`` says; kinds that are missing have the usual period.
        path: of the file, for the message.

    Raises:
        ClinicFileError: names the kind and what to write.
    """
    given = given or {}
    if not isinstance(given, dict):
        raise ClinicFileError(f"{path}: kept_days: write lines as 'originals: 30'.")
    for kind, days in given.items():
        if kind not in USUAL:
            raise ClinicFileError(
                f"{path}: kept_days: '{kind}' is none of {', '.join(USUAL)}."
            )
        if type(days) is not int or not 1 <= days <= LONGEST:
            raise ClinicFileError(
                f"{path}: kept_days: {kind}: write a number of days, at least 1."
            )
    return {kind: timedelta(days=days) for kind, days in (USUAL | given).items()}
