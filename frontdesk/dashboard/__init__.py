"""The dashboard: what the assistant and the clinic did in a period, in numbers."""
