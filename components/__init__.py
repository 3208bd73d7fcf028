"""Our Rasa extension points: NLU components, policies, NLG, channels, compat."""
