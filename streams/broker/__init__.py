"""The embedded Kafka, and the connection of our clients to any Kafka."""
