"""Servers under load: many connections, one rude request."""
