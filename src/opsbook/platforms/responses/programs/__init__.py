"""Programs that the runbooks beside them run, with no more than Python and the database's tools."""
