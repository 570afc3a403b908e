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
_OPERATORS = ("=", "!=", "=~", "!~")
"""In Alertmanager's order."""
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_BARE = re.compile(r"""[^\s{}!=~,\\"'`]+""")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))",
    re.DOTALL,
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_BLANKS = r"[\t\n\f\r ]*"
_CLASSIC = re.compile(
    rf"{_BLANKS}([a-zA-Z_:][a-zA-Z0-9_:]*){_BLANKS}(=~|=|!=|!~){_BLANKS}(.*?){_BLANKS}", re.DOTALL
)
_CLASSIC_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^"\\]|\\.)*\\?)', re.DOTALL)


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
    return tuple(sorted(matchers, key=lambda m: (m.name, m.value, _OPERATORS.index(m.op))))


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
        """As Go reads a string: `\\xf0` and `\\360` are bytes, which make up characters."""

        def one(found: re.Match[str]) -> str:
            plain, octal, byte, *wide, other = found.groups()
            if plain is not None:
                return _PLAIN.get(plain, plain)
            number = int(octal, 8) if octal else int(byte or next(filter(None, wide), "-1"), 16)
            surrogate = 0xD800 <= number <= 0xDFFF
            if other or surrogate or number > (0xFF if octal else 0x10FFFF):
                raise BadInputError(f"matchers `{self.text}`: `{found[0]}` is no escape")
            return chr(number) if number < 0x80 or not (octal or byte) else chr(0xDC00 + number)

        read = _ESCAPE.sub(one, text)
        try:
            return read.encode("utf-8", "surrogateescape").decode("utf-8")
        except UnicodeError:
            raise BadInputError(f"matchers `{self.text}`: `{text}` is not UTF-8") from None


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
    inner = text.removeprefix("{").removesuffix("}")
    *parts, last = _classic_parts(inner)
    return tuple(_classic_one(part, text) for part in (*parts, *([last] if last.strip() else [])))


def _classic_parts(text: str) -> list[str]:
    """What stands between commas that are not quoted; a backslash saves quotes alone."""
    parts, quoted, escaped = [""], False, False
    for sign in text:
        if sign == "," and not quoted:
            parts.append("")
            continue
        if sign == '"' and not escaped:
            quoted = not quoted
        escaped = sign == "\\" and not escaped
        parts[-1] += sign
    return parts


def _classic_one(part: str, text: str) -> Matcher:
    found = _CLASSIC.fullmatch(part)
    if found is None:
        raise BadInputError(f'matchers `{text}`: `{part}` is no matcher; write name="value"')
    name, op, written = found.groups()
    value = _CLASSIC_VALUE.fullmatch(written)
    if value is None:
        raise BadInputError(f"matchers `{text}`: a quote in `{part}` has no other")
    inner = value[2] if value[1] is None else value[1]
    # A backslash before anything else stands for itself, so that patterns need no doubling.
    plain = re.sub(r'\\([n"\\])', lambda escape: "\n" if escape[1] == "n" else escape[1], inner)
    return make_matcher(name, op, plain)
