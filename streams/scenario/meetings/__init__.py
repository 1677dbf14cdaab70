"""Ships beside each other at sea: transfers that must be reported, and what looks like them."""
