"""Conversations as staff see them: queue, transcript, search, takeover."""
