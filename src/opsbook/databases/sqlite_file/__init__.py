"""Care of SQLite files: what they tell, and what is done to them in threads that can be stopped."""
