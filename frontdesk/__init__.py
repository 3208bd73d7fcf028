"""The front desk: the only public door, and the system of record (Django, ASGI)."""
