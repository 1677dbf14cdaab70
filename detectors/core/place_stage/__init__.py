"""The third stage: areas from which vessels are displaced, from the displacements of all partitions."""
