"""Alerts and cases in the forms in which other programs and other agencies read them."""
