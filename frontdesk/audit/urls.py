"""Addresses of the ledger."""

from __future__ import annotations

from django.urls import path

from frontdesk.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.ledger, name="ledger"),
    path("export", views.export, name="export"),
    path("verify", views.check, name="verify"),
]
