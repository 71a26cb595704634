"""The map of who wins where."""
