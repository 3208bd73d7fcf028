"""Danger detector and redactor, with their phrases: no Rasa, no Django."""
