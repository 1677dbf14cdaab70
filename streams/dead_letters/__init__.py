"""What was rejected on its way in: its records, and reading them again as a recording."""
