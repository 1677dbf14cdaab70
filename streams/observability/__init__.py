"""What a process exposes about itself: metrics, health, logs."""
