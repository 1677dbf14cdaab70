"""Satellite images: element sets and plans read, orders made, detections read and matched with vessels."""
