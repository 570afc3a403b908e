"""PostgreSQL as a source of backups needs it: tools, logins, snapshots, throwaway databases."""
