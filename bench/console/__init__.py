"""What the console costs the process that serves it."""
