"""Ways to do a thing beside an event loop: how late they make it, how long they take."""
