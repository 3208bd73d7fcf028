"""``{% alerts_reach_nobody %}``: a warning above the queue, nothing if all is well."""

from __future__ import annotations

from typing import Any

from django import template

from frontdesk.alerts.channels import nobody_would_be_reached

register = template.Library()


@register.inclusion_tag("alerts/nobody_reached.html", takes_context=True)
def alerts_reach_nobody(context: dict[str, Any]) -> dict[str, Any]:
    """Whether urgent alerts would stay within these pages."""
    reached = nobody_would_be_reached()
    return {"nobody_reached": reached, "request": context.get("request")}
