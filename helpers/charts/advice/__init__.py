"""Pictures and tables of an advice."""
