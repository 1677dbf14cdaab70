"""Everything behind one alert: collected, shown as a timeline, drawn as GeoJSON."""
