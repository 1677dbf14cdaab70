"""Geography: ports and zones, how near a ship is to them, and where a silent one could have been."""
