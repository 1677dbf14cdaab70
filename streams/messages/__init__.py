"""The contents of the topics: their names and settings, the form of each record, and its schema."""
