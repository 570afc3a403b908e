"""Where the pages of the console are."""

PAGES = frozenset(
    (
        "account",
        "alerts",
        "backups",
        "dashboards",
        "databases",
        "drills",
        "explore",
        "incidents",
        "ledger",
        "logs",
        "phone",
        "runbooks",
        "runs",
        "services",
        "sign-in",
    )
)
"""With what their paths begin; of the overview it is nothing."""
