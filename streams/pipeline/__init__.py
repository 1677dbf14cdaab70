"""Decoding, engine and detectors in one process, without Kafka."""
