"""What is backed up, a kind per file."""
