"""Responses to what the manuals call emergencies: runbooks to copy into a book, a file for each."""
