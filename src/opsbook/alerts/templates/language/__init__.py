"""Go's template language, without the functions that one or the other program puts on it.

In: a text, and values as `values.py` describes them. Out: text, or a TemplateError with its place.
Specification: Go's packages `text/template`, `text/template/parse` and `fmt`.
"""
