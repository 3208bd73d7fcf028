"""Custom actions, one module per group; served by the action server (rasa-sdk)."""
