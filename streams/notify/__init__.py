"""From the alert topic to people on call."""
