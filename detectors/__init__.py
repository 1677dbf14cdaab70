"""What is detected: one detector a file. Pure: no I/O, no clock, no Kafka."""
