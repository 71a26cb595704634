"""The GIL: who holds it, what it costs, Python without it."""
