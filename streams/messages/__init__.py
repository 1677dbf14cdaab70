"""What the topics hold: their names and settings, the form of each record, and its schema."""
