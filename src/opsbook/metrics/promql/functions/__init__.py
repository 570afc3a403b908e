"""PromQL's functions, one file for each family. A family's `FUNCTIONS` go by their names."""
