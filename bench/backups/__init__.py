"""Backups of one PostgreSQL database, ours beside what manuals and others do."""
