"""Commands of the chat: ``python -m frontdesk <name>``."""
