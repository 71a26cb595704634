"""Pictures of a pipeline: its stages over time, what it wrote, threads beside processes."""
