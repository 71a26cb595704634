"""What a replay in a browser is made of: the recorded rows, the colours and the words."""
