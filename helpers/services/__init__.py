"""Local servers and data that the notebooks' tasks talk to, each in a process of its own."""
