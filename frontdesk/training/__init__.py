"""Training pages: correct what was misunderstood, and propose it for training."""
