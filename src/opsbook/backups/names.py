"""Names of objects: plain enough for every file system, URL and listing."""

import re

from opsbook.backups.destination import DestinationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=+@,.-]*(/[A-Za-z0-9][A-Za-z0-9_=+@,.-]*)*")
_LONGEST = 500
"""Bytes; S3 takes 1,024 with its prefix, a file system 255 for each part."""
_LONGEST_PART = 200


def checked(name: str) -> str:
    """The name itself; never `..`, never absolute, never hidden. Raises DestinationError."""
    long = len(name) > _LONGEST or any(len(part) > _LONGEST_PART for part in name.split("/"))
    if long or not _NAME.fullmatch(name):
        raise DestinationError(
            f"{name[:100]!r} is no name for an object: parts between slashes begin with a letter "
            f"or digit, hold letters, digits and _=+@,.- and have at most {_LONGEST_PART} "
            f"characters, {_LONGEST} together",
            temporary=False,
        )
    return name
