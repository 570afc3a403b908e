"""Matchers as Alertmanager's configuration and `amtool` write them ↔ matchers.

Two languages, as in Alertmanager since 0.27: UTF-8, where names and values may stand bare, and
the classic one. Both are tried; where they disagree the classic one has its way.
"""

import logging
import re
from collections.abc import Sequence

from opsbook.core.errors import BadInputError
from opsbook.metrics.model import Matcher
from opsbook.metrics.regex import compile_regex

logger = logging.getLogger(__name__)

_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_BARE = re.compile(r"""[^\s{}!=~,\\"'`]+""")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))",
    re.DOTALL,
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_CLASSIC_PARTS = re.compile(r'(?:[^",\\]|\\.|"(?:[^"\\]|\\.)*")*', re.DOTALL)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """`{a="b", c=~"d.*"}`, with or without braces. Raises BadInputError with the place."""
    utf8: tuple[Matcher, ...] | None = None
    try:
        utf8 = _utf8(text)
    except BadInputError as error:
        refused = error
    try:
        classic = _classic(text)
    except BadInputError:
        if utf8 is None:
            raise refused from None
        return utf8
    if utf8 is not None and utf8 != classic:
        logger.warning(
            "matchers %r mean %s in UTF-8 and %s in the classic language, which is taken; "
            "quote the value to make them agree",
            text,
            format_matchers(utf8),
            format_matchers(classic),
        )
    return classic


def make_matcher(name: str, op: str, value: str) -> Matcher:
    """Raises BadInputError where the pattern is none."""
    if op in ("=~", "!~"):
        compile_regex(value)
    return Matcher(name, op, value)


def in_order(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """The order in which Alertmanager shows the matchers of a route."""
    return tuple(sorted(matchers, key=lambda each: (each.name, each.value, each.op)))


def format_matcher(matcher: Matcher) -> str:
    name = matcher.name if _CLASSIC_NAME.fullmatch(matcher.name) else _quoted(matcher.name)
    return f"{name}{matcher.op}{_quoted(matcher.value)}"


def format_matchers(matchers: Sequence[Matcher]) -> str:
    """`{a="b",c=~"d.*"}`."""
    return "{" + ",".join(map(format_matcher, matchers)) + "}"


_CLASSIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


class _Scanner:
    """Reads the UTF-8 language from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> str | None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # always fits
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def takes(self, sign: str) -> bool:
        return self.take(re.compile(re.escape(sign))) is not None

    def word(self, what: str) -> str:
        quoted = self.take(_QUOTED)
        if quoted is not None:
            return self._unquoted(quoted[1:-1])
        bare = self.take(_BARE)
        if bare is None:
            raise self.unexpected(what)
        return bare

    def unexpected(self, wanted: str) -> BadInputError:
        rest = self.text[self.at : self.at + 20]
        got = f"{rest!r}" if rest else "the end"
        return BadInputError(
            f"matchers `{self.text}`: at {self.at}: expected {wanted}, got {got}; "
            'write name="value", with = != =~ or !~'
        )

    def _unquoted(self, text: str) -> str:
        def one(found: re.Match[str]) -> str:
            plain, octal, *hexadecimal, other = found.groups()
            if other is not None:
                raise BadInputError(f"matchers `{self.text}`: unknown escape `{found[0]}`")
            if plain is not None:
                return _PLAIN.get(plain, plain)
            number = int(octal, 8) if octal else int(next(filter(None, hexadecimal)), 16)
            if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                raise BadInputError(f"matchers `{self.text}`: `{found[0]}` is no character")
            return chr(number)

        return _ESCAPE.sub(one, text)


def _utf8(text: str) -> tuple[Matcher, ...]:
    scanner, found = _Scanner(text), []
    braces = scanner.takes("{")
    end = re.compile(r"\}|$") if braces else re.compile("$")
    while scanner.take(end) is None:
        name = scanner.word("a label's name")
        op = scanner.take(_OPERATOR)
        if op is None:
            raise scanner.unexpected("= != =~ or !~")
        found.append(make_matcher(name, op, scanner.word("a value")))
        if not scanner.takes(","):
            if scanner.take(end) is None:
                raise scanner.unexpected("a comma" + (" or }" if braces else ""))
            break
    if (braces and not scanner.text[: scanner.at].endswith("}")) or scanner.take(re.compile(r".")):
        raise scanner.unexpected("}" if braces else "the end")
    return tuple(found)


def _classic(text: str) -> tuple[Matcher, ...]:
    inner = text.strip().removeprefix("{").removesuffix("}")
    found, at = [], 0
    while at <= len(inner):
        part = _CLASSIC_PARTS.match(inner, at)
        if part is None or (part.end() < len(inner) and inner[part.end()] != ","):
            raise BadInputError(f"matchers `{text}`: a quote does not end")
        if part[0].strip() or part.end() < len(inner):
            found.append(_classic_one(part[0], text))
        at = part.end() + 1
    return tuple(found)


def _classic_one(part: str, text: str) -> Matcher:
    found = _CLASSIC.fullmatch(part)
    if found is None:
        raise BadInputError(f'matchers `{text}`: `{part}` is no matcher; write name="value"')
    name, op, value = found.groups()
    quoted = value.startswith('"')
    if quoted and (len(value) < 2 or not value.endswith('"') or value.endswith('\\"')):
        raise BadInputError(f"matchers `{text}`: the quote in `{part}` does not end")
    inner = value[1:-1] if quoted else value
    if re.search(r'(?<!\\)(?:\\\\)*"', inner):
        raise BadInputError(f'matchers `{text}`: an unescaped " stands in `{part}`')
    # A backslash before anything else stands for itself, so that patterns need no doubling.
    plain = re.sub(r'\\([n"\\])', lambda escape: "\n" if escape[1] == "n" else escape[1], inner)
    return make_matcher(name, op, plain)
