"""Results about the GIL."""
