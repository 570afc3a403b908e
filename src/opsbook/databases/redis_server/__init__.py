"""Care of Redis: what a server tells."""
