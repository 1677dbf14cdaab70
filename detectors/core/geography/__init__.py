"""Geography: ports and zones, how near a vessel is to them, and where a silent one could have been."""
