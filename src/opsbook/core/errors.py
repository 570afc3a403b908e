"""Errors that people read: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable


class OpsbookError(Exception):
    """Something a person has to mend. The text says what, where and how.

    `exit_code` is what the command line ends with: 2 for bad input, 1 for the rest.
    """

    exit_code = 1


class BadInputError(OpsbookError):
    """The words, the book or the environment are wrong; nothing was started."""

    exit_code = 2


def hint_for(name: str, known: Iterable[str]) -> str:
    """What to do about a name that is not among those that are known."""
    names = list(known)
    meant = nearest(name, names)
    return f"did you mean {meant}?" if meant else f"known: {', '.join(names) or 'none'}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
