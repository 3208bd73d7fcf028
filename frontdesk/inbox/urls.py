"""Addresses of queue, conversations and search."""

from __future__ import annotations

from django.urls import path

from frontdesk.inbox import (
    events,
    views_conversation,
    views_privacy,
    views_queue,
    views_reveal,
    views_review,
    views_reviews,
    views_search,
    views_takeover,
)
from frontdesk.inbox.queue_deeds import DEEDS

app_name = "inbox"
CONVERSATION = "conversations/<uuid:conversation_id>/"
urlpatterns = [
    path("", views_queue.queue, name="queue"),
    path("queue/state", views_queue.state, name="queue_state"),
    *(
        path(f"queue/{deed}", views_queue.act, {"deed": deed}, name=f"queue_{deed}")
        for deed in DEEDS
    ),
    path("events", events.events, name="events"),
    path("conversations/", views_search.conversations, name="conversations"),
    path("conversations/export.csv", views_search.export_list, name="export_list"),
    path("conversations/views/", views_search.save_view, name="save_view"),
    path(
        "conversations/views/<int:view_id>/rename",
        views_search.rename_view,
        name="rename_view",
    ),
    path(
        "conversations/views/<int:view_id>/delete",
        views_search.delete_view,
        name="delete_view",
    ),
    path("reviews/", views_reviews.reviews, name="reviews"),
    path("reviews/next", views_reviews.review_next, name="review_next"),
    path(CONVERSATION, views_conversation.conversation, name="conversation"),
    path(f"{CONVERSATION}news", views_conversation.news, name="news"),
    path(f"{CONVERSATION}join", views_takeover.join, name="join"),
    path(f"{CONVERSATION}say", views_takeover.say, name="say"),
    path(f"{CONVERSATION}leave", views_takeover.leave, name="leave"),
    path(f"{CONVERSATION}typing", views_takeover.typing, name="typing"),
    path(f"{CONVERSATION}here", views_takeover.here, name="here"),
    path(
        f"{CONVERSATION}messages/<int:number>/original",
        views_reveal.original,
        name="original",
    ),
    path(f"{CONVERSATION}contact", views_reveal.contact, name="contact"),
    path(f"{CONVERSATION}messages/<int:number>/flag", views_review.flag, name="flag"),
    path(f"{CONVERSATION}notes", views_review.add_note, name="add_note"),
    path(
        f"{CONVERSATION}notes/<int:note_id>/delete",
        views_review.delete_note,
        name="delete_note",
    ),
    path(f"{CONVERSATION}tags", views_review.add_tag, name="add_tag"),
    path(
        f"{CONVERSATION}tags/<int:tag_id>/remove",
        views_review.remove_tag,
        name="remove_tag",
    ),
    path(f"{CONVERSATION}review", views_review.review, name="review"),
    path(f"{CONVERSATION}privacy", views_privacy.overview, name="privacy"),
    path(f"{CONVERSATION}privacy/export", views_privacy.export, name="privacy_export"),
    path(f"{CONVERSATION}privacy/erase", views_privacy.erase, name="privacy_erase"),
]
