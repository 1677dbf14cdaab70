"""Where bytes enter: one kind of source a file. All speak the same small protocol (``events``)."""
