"""HTML no longer than a service takes, and still HTML."""

import re

from opsbook.alerts.sending.cut import MARK

_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)[^<>]*>")
_UNFINISHED = re.compile(r"<[^<>]*$|&[#\w]*$")


def cut_html(text: str, most: int) -> str:
    """At most `most` characters, with tags and entities whole and each tag closed."""
    if len(text) <= most:
        return text
    kept = most - len(MARK)
    while kept > 0:
        short = _UNFINISHED.sub("", text[:kept])
        closing = "".join(f"</{name}>" for name in reversed(_open_tags(short)))
        over = len(short) + len(MARK) + len(closing) - most
        if over <= 0:
            return short + MARK + closing
        kept = len(short) - over
    return MARK


def _open_tags(text: str) -> list[str]:
    found: list[str] = []
    for closing, name in _TAG.findall(text):
        if not closing:
            found.append(name)
        elif name in found:
            del found[len(found) - 1 - found[::-1].index(name) :]
    return found
