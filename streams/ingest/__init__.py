"""Sources, framing, time, assembly, packing."""
