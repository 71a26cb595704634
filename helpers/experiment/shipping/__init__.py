"""What it costs to hand work to another process, interpreter or machine."""
