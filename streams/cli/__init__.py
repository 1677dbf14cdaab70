"""The wakewatch command."""
