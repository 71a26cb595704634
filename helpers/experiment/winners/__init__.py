"""Who wins where: a map of kinds of work and task counts, within a budget of time."""
