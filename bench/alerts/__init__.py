"""What it takes to find, accept and tell alerts, beside Prometheus and Alertmanager."""
