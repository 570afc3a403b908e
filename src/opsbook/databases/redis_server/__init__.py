"""Care of Redis: its protocol, and what a server tells."""
