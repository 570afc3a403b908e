"""What durable runs cost: beside DBOS as it is without us."""
