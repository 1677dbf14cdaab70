"""Settings: the model, where they come from, and their catalogue."""
