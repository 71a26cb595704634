"""One run in a process of its own: start, follow, stop; nothing is left behind."""
