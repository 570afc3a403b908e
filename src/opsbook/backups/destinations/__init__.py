"""Where backups are kept, a kind per file."""
