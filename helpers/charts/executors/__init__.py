"""Figures about executors: the stairs of a full pool, and who was in progress when."""
