"""Approved answers for staff: read, proposed, approved, blocked, traced."""
