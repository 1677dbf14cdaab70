"""The guided demonstration: the whole path on one machine, with a story whose end is checked."""
