"""Every address of the front desk."""

from __future__ import annotations

from django.urls import include, path

from frontdesk.chat import health
from frontdesk.chat.api import api

urlpatterns = [
    path("chat/", api.urls),
    path("", include(health.urls)),  # /healthz /readyz /metrics
    path("staff/", include("frontdesk.staff.urls")),
    path("", include("frontdesk.site.urls")),  # demo page, embed page, widget files
]
# Staff get pages, programs get JSON.
handler400 = "frontdesk.staff.errors.bad_request"
handler403 = "frontdesk.staff.errors.refused"
handler404 = "frontdesk.staff.errors.not_found"
handler500 = "frontdesk.staff.errors.failed"
