"""A small database to query: SQLite, or PostgreSQL, with the processes that keep them."""
