"""The engine of one partition: batches and ticks in, alerts out, snapshots of its state."""
