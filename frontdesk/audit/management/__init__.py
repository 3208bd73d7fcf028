"""Commands of the ledger: ``python -m frontdesk <name>``."""
