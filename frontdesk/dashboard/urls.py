"""Addresses of the dashboard."""

from __future__ import annotations

from django.urls import path

from frontdesk.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("wording", views.wording_part, name="wording"),
    path("export.csv", views.export_tables, name="export"),
]
