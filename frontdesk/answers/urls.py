"""Addresses of the pages about answers."""

from __future__ import annotations

from django.urls import path

from frontdesk.answers import views_decide, views_edit, views_read

app_name = "answers"
urlpatterns = [
    path("", views_read.overview, name="overview"),
    path("proposals/<int:revision_id>/", views_decide.proposal, name="proposal"),
    path("proposals/<int:revision_id>/approve", views_decide.approve, name="approve"),
    path("proposals/<int:revision_id>/reject", views_decide.reject, name="reject"),
    path("proposals/<int:revision_id>/withdraw", views_edit.withdraw, name="withdraw"),
    path("facts/", views_edit.find_facts, name="facts"),
    path("<str:response>/", views_read.answer, name="answer"),
    path("<str:response>/history/", views_read.history, name="history"),
    path("<str:response>/shown/", views_read.who_was_shown, name="shown"),
    path("<str:response>/shown.csv", views_read.who_was_shown_file, name="shown_file"),
    path("<str:response>/unblock", views_decide.unblock, name="unblock"),
    path("<str:response>/<str:variant>/edit", views_edit.edit, name="edit"),
    path("<str:response>/<str:variant>/preview", views_edit.preview, name="preview"),
    path("<str:response>/<str:variant>/review", views_decide.renew, name="renew"),
    path("<str:response>/<str:variant>/block", views_decide.block, name="block"),
]
