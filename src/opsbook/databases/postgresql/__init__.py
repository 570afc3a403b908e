"""Care of PostgreSQL: what its catalogues tell, and statements outside of transaction blocks."""
