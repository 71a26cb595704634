"""Pictures of an event loop: its heartbeat, and the times of several ways to do a thing."""
