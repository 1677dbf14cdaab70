"""What was known at an earlier moment, and what is known now about it: for the console's time slider."""
