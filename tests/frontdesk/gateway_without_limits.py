"""The front desk for tests that ask a lot: TEST_LIMIT messages a minute, or all."""

import os

from frontdesk.asgi import application

from django.conf import settings  # isort: skip

__all__ = ["application"]

NO_LIMIT = 10**9
most = int(os.environ.get("TEST_LIMIT") or NO_LIMIT)
settings.LIMITS = dict.fromkeys(settings.LIMITS, NO_LIMIT)
settings.LIMITS |= {"message_session": most, "message_address": most}
