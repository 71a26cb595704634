"""What the course costs, beside what a person would use instead: ``make bench``."""
