"""Ways of telling people, one file each: `webhook.py` is an entry of `webhook_configs`."""
