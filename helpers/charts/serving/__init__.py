"""Results of servers under load."""
