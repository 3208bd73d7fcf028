"""Addresses of the pages and of the widget's files."""

from __future__ import annotations

from django.urls import path, re_path

from frontdesk.site import views

FILE = r"(?P<name>[a-z0-9_-]+\.(?:js|css|svg))$"

urlpatterns = [
    path("", views.home),
    path("embed", views.embed),
    re_path(rf"^widget/{FILE}", views.widget_file),
    re_path(rf"^site/{FILE}", views.site_file),
]
