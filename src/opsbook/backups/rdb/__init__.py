"""Redis' snapshots: fetched as a replica fetches them, checked, brought to life."""
