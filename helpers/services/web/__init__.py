"""A web server to fetch from, and the process it runs in."""
