"""What a step can do, a kind per file."""
