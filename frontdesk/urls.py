"""Every address of the front desk."""

from __future__ import annotations

from django.urls import include, path

from frontdesk.chat import health
from frontdesk.chat.api import api

urlpatterns = [
    path("chat/", api.urls),
    path("", include(health.urls)),  # /healthz /readyz /metrics
    path("", include("frontdesk.site.urls")),  # demo page, embed page, widget files
]
handler400 = handler403 = "frontdesk.chat.errors.refused"
handler404 = "frontdesk.chat.errors.not_found"
handler500 = "frontdesk.chat.errors.failed"
