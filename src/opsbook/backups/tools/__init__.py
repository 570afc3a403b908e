"""What the sources of backups work with: blocks, child programs, throwaway places."""
