"""The tests of the course; `make test` runs them all."""
