"""Which satellites pass over a place when, from element sets that a user gives."""
