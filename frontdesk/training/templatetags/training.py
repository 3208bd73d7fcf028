"""``{% annotation line %}``: how a patient's message is corrected, for who may."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from frontdesk.chat.models import Message
from frontdesk.inbox.transcript import Line
from frontdesk.training.drafts import open_proposals
from frontdesk.training.intents import GROUPS, Choice
from frontdesk.training.presenter import annotation_of

register = template.Library()
_PROPOSALS = "training_open_proposals"


@register.inclusion_tag("training/annotate.html", takes_context=True)
def annotation(context: RequestContext, line: Line) -> dict[str, Any]:
    """What stands below a message; nothing below those of others."""
    reader, may = context.get("person"), context.get("may") or {}
    is_wanted = line.author == Message.Author.PATIENT and not line.pressed
    if not is_wanted or not may.get("train") or reader is None:
        return {}
    request = context["request"]
    if not hasattr(request, _PROPOSALS):  # once a page, not once a message
        setattr(request, _PROPOSALS, open_proposals())
    heard = line.message if line.message.intent else line.reply or line.message
    proposals = getattr(request, _PROPOSALS)
    shown = annotation_of(line.message, reader, heard=heard, proposals=proposals)
    return {"csrf_token": context.get("csrf_token"), "annotation": shown}


@register.inclusion_tag("training/intents.html")
def intent_options(chosen: str = "") -> dict[str, Any]:
    """The options of a select with every intent, in groups."""
    return {"groups": GROUPS, "chosen": chosen}


@register.filter
def stars(words: str) -> SafeString:
    """What stands between two stars is strong: ``12 examples for *cost*``."""
    parts = escape(words).split("*")
    told = (f"<b>{part}</b>" if place % 2 else part for place, part in enumerate(parts))
    return mark_safe("".join(told))  # each part is escaped


@register.simple_tag
def every_intent() -> dict[str, list[Choice]]:
    """All intents, in groups."""
    return GROUPS
