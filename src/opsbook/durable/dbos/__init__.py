"""What DBOS keeps: runs as they are seen from outside, and the steps of one that is carried."""
