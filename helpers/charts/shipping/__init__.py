"""Pictures of what it costs to hand work over."""
