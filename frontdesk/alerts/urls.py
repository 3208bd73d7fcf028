"""Addresses of the pages about urgent alerts."""

from __future__ import annotations

from django.urls import path

from frontdesk.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.ladder, name="ladder"),
    path("<int:alert_id>/", views.history, name="history"),
    path("channels/test/", views.try_channel, name="try_channel"),
    path("drills/", views.drills, name="drills"),
    path("drills/start/", views.start_drill, name="start_drill"),
]
