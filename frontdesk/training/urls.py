"""Addresses of the training pages, below /staff/training/."""

from __future__ import annotations

from django.urls import path

from frontdesk.training import (
    views_comparisons,
    views_corrections,
    views_labels,
    views_models,
    views_proposals,
    views_stories,
    views_trainings,
)

app_name = "training"
CONVERSATION = "conversations/<uuid:conversation_id>/"
MESSAGE = f"{CONVERSATION}messages/<int:number>/"
CORRECTION = "corrections/<int:correction_id>/"
PROPOSAL = "proposals/<str:proposal_id>/"
TRAINING = "trainings/<str:job_id>/"
MODEL = "models/<str:name>/"
COMPARISON = "comparisons/<str:comparison_id>/"
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
    path(f"{PROPOSAL}train", views_trainings.train, name="train"),
    path(f"{TRAINING}progress", views_trainings.progress, name="progress"),
    path(f"{TRAINING}log", views_trainings.log, name="log"),
    path(f"{TRAINING}cancel", views_trainings.cancel, name="cancel"),
    path("models/", views_models.models, name="models"),
    path(MODEL, views_models.model, name="model"),
    path(f"{MODEL}release", views_models.release, name="release"),
    path(f"{MODEL}set-aside", views_models.set_aside, name="set_aside"),
    path("set-aside/<int:asked_id>/", views_models.decide, name="decide"),
    path("end-trial", views_models.end_trial, name="end_trial"),
    path("roll-back", views_models.roll_back, name="roll_back"),
    path(COMPARISON, views_comparisons.comparison, name="comparison"),
    path(f"{COMPARISON}replay", views_comparisons.replay, name="replay"),
    path(f"{COMPARISON}report", views_comparisons.report, name="report"),
    path("label-errors/", views_labels.label_errors, name="label_errors"),
    path("label-errors/move", views_labels.move_example, name="move_example"),
]
