"""Two servers that hold many connections, the client that loads them, and the limits."""
