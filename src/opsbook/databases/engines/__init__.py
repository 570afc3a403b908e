"""Databases that Opsbook can care for, a kind per file."""
