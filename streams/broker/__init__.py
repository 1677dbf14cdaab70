"""The embedded Kafka, and how our clients reach any Kafka."""
