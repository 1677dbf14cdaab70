"""The process that matches detections in satellite images with vessels, and tells the engines."""
