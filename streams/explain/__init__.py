"""Everything behind one alert: gathered, told as a timeline, drawn as GeoJSON."""
