"""Many workloads, each in every model: which ones gain."""
