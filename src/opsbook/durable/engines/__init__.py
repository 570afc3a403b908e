"""What can carry runs: DBOS on SQLite or PostgreSQL, and memory for tests."""
