"""Addresses of the training pages, below /staff/training/."""

from __future__ import annotations

from django.urls import path

from frontdesk.training import (
    views_corrections,
    views_labels,
    views_proposals,
    views_stories,
)

app_name = "training"
CONVERSATION = "conversations/<uuid:conversation_id>/"
MESSAGE = f"{CONVERSATION}messages/<int:number>/"
CORRECTION = "corrections/<int:correction_id>/"
PROPOSAL = "proposals/<str:proposal_id>/"
urlpatterns = [
    path("", views_proposals.overview, name="overview"),
    path(MESSAGE, views_corrections.message, name="message"),
    path(f"{MESSAGE}correct", views_corrections.correct, name="correct"),
    path(f"{CORRECTION}undo", views_corrections.undo, name="undo"),
    path(f"{CORRECTION}second", views_corrections.read_again, name="read_again"),
    path(f"{CORRECTION}settle", views_corrections.settle, name="settle"),
    path(f"{CORRECTION}teach", views_corrections.teach, name="teach"),
    path(f"{CONVERSATION}story", views_stories.story, name="story"),
    path(f"{CONVERSATION}test-story", views_stories.test_story, name="test_story"),
    path("proposals/new", views_proposals.create, name="create"),
    path(PROPOSAL, views_proposals.proposal, name="proposal"),
    path(f"{PROPOSAL}findings", views_proposals.findings, name="findings"),
    path(f"{PROPOSAL}add", views_proposals.add, name="add"),
    path(f"{PROPOSAL}example", views_proposals.add_example, name="add_example"),
    path(f"{PROPOSAL}take-out", views_proposals.take_out, name="take_out"),
    path(f"{PROPOSAL}move", views_proposals.move, name="move"),
    path("label-errors/", views_labels.label_errors, name="label_errors"),
    path("label-errors/move", views_labels.move_example, name="move_example"),
]
