"""A gateway that loads everything, waits for a line, and serves: it starts at once.

``python -m tests.frontdesk.spare_gateway PORT``, for ``hard_runs.RestartedGateway``.
"""

import sys

import uvicorn
from django.urls import get_resolver

from tests.frontdesk.gateway_without_limits import application

from frontdesk.chat import danger  # isort: skip
from frontdesk.chat.texts import texts  # isort: skip

# What the start itself would load, and the first request.
for load in (texts, danger.detector, danger.phrases_alone):
    load()
get_resolver().url_patterns  # noqa: B018 - imports every view

if sys.stdin.readline():
    port = int(sys.argv[1])
    uvicorn.run(application, port=port, ws="none", access_log=False)
