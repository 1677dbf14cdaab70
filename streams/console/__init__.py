"""The web console for watch officers."""
