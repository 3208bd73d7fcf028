"""Reads ``clinic.yml`` and ``data/responses``; fills clinic facts into texts."""
