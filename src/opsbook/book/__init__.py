"""The book: the declaration of one platform.

In: a YAML file and what it includes, and a type to hold it against. Out: that type, filled,
or every error of the book at once, each with its file, line and column. This room knows no
kind of anything; the rooms above bring their sections.
"""
