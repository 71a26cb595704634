"""Measuring: who ran when, what it used, and what the numbers allow one to say."""
