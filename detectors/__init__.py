"""The detectors, one per file. Pure: no I/O, no clock, no Kafka."""
