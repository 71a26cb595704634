"""A pipeline of three stages: what is asked for, what is recorded, what it shows."""
