"""The second stage: the history of each IMO number, from the bindings of all partitions."""
