"""The ledger: who read, revealed, said, changed or approved what, and when."""
