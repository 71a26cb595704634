"""The result of a survey."""
