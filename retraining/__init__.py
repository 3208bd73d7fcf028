"""Learn from conversations: house checks, readability, training and comparison."""
