"""The hand-over of a watch: what waits, what opened, what changed, and who did what."""
