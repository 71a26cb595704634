"""A Dask cluster on this machine, each part a process of its own, and what its tasks do."""
