"""One file per probe kind; the file's name is the key in the book."""
