"""Generated feeds with known truth."""
