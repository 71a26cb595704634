"""What a learner types in a cell: each waits without blocking the kernel, and shows itself."""
