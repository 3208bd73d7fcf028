"""Urgent alerts that nobody acknowledges climb: who is told, when, did it work."""
