"""Where bytes enter: one kind of source per file. All use the same small protocol (``events``)."""
