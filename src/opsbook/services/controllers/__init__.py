"""One file per controller; the file's name is the key in the book."""
