"""Trees of files: walked without following links, packed as tar, unpacked, and compared."""
