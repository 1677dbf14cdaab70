"""What people check."""
