"""One file per program of the platform; `bin/` holds a launcher for each."""
