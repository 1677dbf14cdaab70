"""The fourth stage: meetings of ships, ships that linger, and who could have met a silent one, from all partitions."""
