"""A template's text, cut into tokens as Go's `text/template/parse` cuts it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opsbook.alerts.templates.language.errors import Source

_BLANKS = " \t\r\n"
_TOKEN = re.compile(
    r"""
    (?P<close>   [ \t\r\n]+-\}\} | \}\} )
  | (?P<space>   [ \t\r\n]+ )
  | (?P<string>  "(?:[^"\\\n]|\\[^\n])*" | `[^`]*` )
  | (?P<char>    '(?:[^'\\\n]|\\[^\n])+' )
  | (?P<number>  [+-]?\.?[0-9](?:[eEpP][+-]|\w|\.)* )
  | (?P<variable>\$\w* )
  | (?P<field>   \.[^\W\d]\w* )
  | (?P<dot>     \. )
  | (?P<word>    [^\W\d]\w* )
  | (?P<declare> := )
  | (?P<sign>    [=|,()] )
    """,
    re.VERBOSE,
)
_NAMES = ("variable", "field", "word")
_AFTER_NAME = re.compile(r"[ \t\r\n.,|:)(]|\}\}|\Z")
_COMMENT_END = re.compile(r"\*/([ \t\r\n]+-)?\}\}")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a group of the pattern, a sign itself, or `text`, `open`, `end`."""

    kind: str
    text: str
    at: int


def tokens(source: Source) -> Iterator[Token]:
    """Raises TemplateError. The last token is an `end`."""
    text, position, trim = source.text, 0, False
    while (start := text.find("{{", position)) >= 0:
        trims_before = text[start + 2 : start + 3] == "-" and text[start + 3 : start + 4] in (
            *_BLANKS,
        )
        yield from _plain(text[position:start], position, trim, trims_before)
        inside = start + (4 if trims_before else 2)
        if text.startswith("/*", inside):
            position, trim = _comment(source, start, inside)
        else:
            yield Token("open", "{{", start)
            position = inside
            for token in _action(source, start, inside):
                position, trim = token.at + len(token.text), token.text[0] in _BLANKS
                yield token
    yield from _plain(text[position:], position, trim, False)
    yield Token("end", "", len(text))


def _plain(text: str, at: int, trim_start: bool, trim_end: bool) -> Iterator[Token]:
    text = text.lstrip(_BLANKS) if trim_start else text
    text = text.rstrip(_BLANKS) if trim_end else text
    if text:
        yield Token("text", text, at)


def _comment(source: Source, start: int, inside: int) -> tuple[int, bool]:
    """Where the text goes on, and whether its blanks are cut."""
    end = source.text.find("*/", inside + 2)
    if end < 0:
        raise source.error(start, "this comment has no end; write */}}")
    found = _COMMENT_END.match(source.text, end)
    if not found:
        raise source.error(end, "a comment fills its braces alone; write }} right after */")
    return found.end(), found[1] is not None


def _action(source: Source, start: int, position: int) -> Iterator[Token]:
    while True:
        found = _TOKEN.match(source.text, position)
        if not found:
            raise _stray(source, start, position)
        kind = found.lastgroup or ""
        if kind in _NAMES and not _AFTER_NAME.match(source.text, found.end()):
            raise source.error(found.end(), f"{source.text[found.end()]!r} cannot stand here")
        position = found.end()
        yield Token(found[0] if kind == "sign" else kind, found[0], found.start())
        if kind == "close":
            return


def _stray(source: Source, start: int, at: int) -> Exception:
    if at == len(source.text):
        return source.error(start, "these braces are not closed; write }}")
    if source.text[at] in "\"'`":
        return source.error(at, "this text has no end on its line; close its quotes")
    return source.error(at, f"{source.text[at]!r} cannot stand here")
