"""What a process shows of itself: metrics, health, logs."""
