"""Images with known truth: ships, what their AIS says, and what a sensor makes of them."""
