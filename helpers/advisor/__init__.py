"""Which model for this function: measured, with the evidence and the conditions."""
