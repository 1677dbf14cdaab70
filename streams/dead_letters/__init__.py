"""What was refused on its way in: its records, and reading them again as a recording."""
