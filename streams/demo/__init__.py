"""The guided demonstration: the whole road on one machine, with a story in it whose end is checked."""
