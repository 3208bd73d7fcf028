"""``make bench``: our assistant beside stock Rasa 3.6.21, on the same data."""
