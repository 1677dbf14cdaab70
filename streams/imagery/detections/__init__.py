"""Detections that others made in satellite images: read by content, and gathered into images."""
