"""The pre-pass: every duration and every `@` time becomes a number in a table.

promql-parser reads no duration expressions, cuts milliseconds off, and cannot tell a time
before 1970; so it is shown `[3s]` for whatever stands third in the table. It gives no
positions either: those of the calls are noted here, in the order of the text.
"""

import re
from dataclasses import dataclass, field

from opsbook.metrics.promql.durations import Duration, DurationParser, literal_seconds
from opsbook.metrics.promql.errors import bad_query
from opsbook.metrics.promql.tokens import Token, place, tokenize

_NOT_CALLS = frozenset(
    (
        *("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"),
        *("and", "or", "unless", "atan2", "start", "end", "fill", "fill_left", "fill_right"),
    )
)
_OPERATORS = frozenset("+-*/%^<>") | {"==", "!=", "<=", ">=", "and", "or", "unless", "atan2"}
_LONGEST = 200_000
"""Characters; parsed expressions are kept for the next time."""
_MOST_OPERATORS = 300
_DEEPEST = 100
"""promql-parser recurses, and beyond some thousands it takes the whole process with it."""
_ESCAPED_BYTES = re.compile(r"(?:\\x[89a-fA-F][0-9a-fA-F]|\\[23][0-7]{2})+|\\.")
NO_TEXT = 0x10FF00
"""A byte of a string that is no UTF-8 is carried as the character this many above it."""
_BEGINS_OFFSET = ("number", "duration")


@dataclass(frozen=True, slots=True)
class CallPlaces:
    """Where a call's name and its arguments begin, as `line:column`."""

    name: str
    args: tuple[str, ...]


@dataclass(slots=True)
class Rewritten:
    text: str = ""
    durations: list[Duration] = field(default_factory=list)
    """An entry stands in the text as its index + 1 seconds."""
    times: list[float] = field(default_factory=list)
    """`@` times in seconds; an entry stands in the text as its index + 1."""
    calls: list[CallPlaces] = field(default_factory=list)


def rewrite(text: str) -> Rewritten:
    """Raises QueryError where a duration, a bracket or an `@` is malformed."""
    return _Rewriter(text).run()


class _Rewriter:
    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise bad_query(f"1:1: parse error: more than {_LONGEST:,} characters")
        self._text = text
        self._tokens = tokenize(text)
        _check_depth(self._tokens)
        self._result = Rewritten()
        self._pieces: list[str] = []

    def run(self) -> Rewritten:
        at = copied = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            behind, replacement = self._replacement(at)
            if replacement is None:
                at += 1
                continue
            end = self._tokens[behind - 1].end
            self._pieces += [self._text[copied : token.start], replacement]
            copied, at = end, behind
        self._pieces.append(self._text[copied:])
        self._result.text = "".join(self._pieces)
        self._result.calls = _call_places(self._text, self._tokens)
        return self._result

    def _replacement(self, at: int) -> tuple[int, str | None]:
        """What stands for the tokens from `at` on, and the index behind them."""
        token = self._tokens[at]
        if token.text == "[":
            return self._brackets(at)
        if token.kind == "string":
            escaped = "\\" in token.text and token.text[0] != "`"
            return at + 1, _with_characters(token.text) if escaped else None
        if token.text == "@" and token.kind == "sign":
            return self._at_time(at)
        if token.kind == "word" and token.text.lower() == "offset" and self._is_offset(at):
            parser = DurationParser(self._text, self._tokens, at + 1)
            index = self._keep(Duration(parser.offset(), positive=False))
            return parser.at, f" offset {index}s "
        return at + 1, None

    def _brackets(self, at: int) -> tuple[int, str]:
        parser = DurationParser(self._text, self._tokens, at + 1)
        inside = f"{self._keep(Duration(parser.expression(), positive=True))}s"
        if self._is(parser.at, ":"):
            parser.at += 1
            inside += ":"
            if not self._is(parser.at, "]"):
                inside += f"{self._keep(Duration(parser.expression(), positive=True))}s"
        if not self._is(parser.at, "]"):
            raise self._malformed(parser.at, "in subquery or range selector")
        return parser.at + 1, f"[{inside}]"

    def _at_time(self, at: int) -> tuple[int, str | None]:
        number = at + 1
        sign = 1.0
        if self._is(number, "-") or self._is(number, "+"):
            sign = -1.0 if self._tokens[number].text == "-" else 1.0
            number += 1
        token = self._tokens[number] if number < len(self._tokens) else None
        if token is None or token.kind not in _BEGINS_OFFSET:
            if token is not None and token.text.lower() in ("inf", "nan"):
                raise bad_query(f"timestamp out of bounds for @ modifier: {token.text}")
            return at + 1, None
        self._result.times.append(sign * literal_seconds(token.text))
        return number + 1, f" @ {len(self._result.times)} "

    def _is_offset(self, at: int) -> bool:
        before = self._tokens[at - 1] if at else None
        if before is None or (before.kind == "sign" and before.text not in ")]}"):
            return False
        after = self._tokens[at + 1] if at + 1 < len(self._tokens) else None
        return after is not None and not (after.kind == "sign" and after.text not in "(+-")

    def _keep(self, duration: Duration) -> int:
        self._result.durations.append(duration)
        return len(self._result.durations)

    def _is(self, at: int, text: str) -> bool:
        return at < len(self._tokens) and self._tokens[at].text == text

    def _malformed(self, at: int, where: str) -> Exception:
        token = self._tokens[at] if at < len(self._tokens) else None
        start = token.start if token else len(self._text)
        what = f'unexpected "{token.text}"' if token else "unexpected end of input"
        return bad_query(f"{place(self._text, start)}: parse error: {what} {where}")


def _check_depth(tokens: list[Token]) -> None:
    depth = deepest = 0
    for token in tokens:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        deepest = max(deepest, depth)
    operators = sum(token.kind != "string" and token.text in _OPERATORS for token in tokens)
    if deepest > _DEEPEST or operators > _MOST_OPERATORS:
        raise bad_query(
            f"1:1: parse error: more than {_MOST_OPERATORS} operators or {_DEEPEST} parentheses"
            " within each other"
        )


def _with_characters(quoted: str) -> str:
    """Escaped bytes as the characters that they are: in Go a string is made of bytes."""

    def characters(found: re.Match[str]) -> str:
        codes = re.findall(r"\\x(..)|\\(\d\d\d)", found[0])
        if not codes:
            return found[0]
        raw = bytes(int(code, 16) if code else int(octal, 8) for code, octal in codes)
        text = raw.decode("utf-8", errors="surrogateescape")
        return "".join(
            chr(NO_TEXT + ord(sign) - 0xDC00) if 0xDC80 <= ord(sign) <= 0xDCFF else sign
            for sign in text
        )

    return _ESCAPED_BYTES.sub(characters, quoted)


def _call_places(text: str, tokens: list[Token]) -> list[CallPlaces]:
    """Of every function and aggregation, in the order of the text."""
    places = []
    for at, token in enumerate(tokens):
        if token.kind != "word" or token.text.lower() in _NOT_CALLS:
            continue
        opening = _opening(tokens, at + 1)
        if opening is not None:
            starts = tuple(place(text, start) for start in _arguments(tokens, opening))
            places.append(CallPlaces(place(text, token.start), starts))
    return places


def _opening(tokens: list[Token], at: int) -> int | None:
    """The parenthesis that opens the arguments, behind a grouping if there is one."""
    if at < len(tokens) and tokens[at].text.lower() in ("by", "without"):
        at = _behind(tokens, at + 1)
    return at if at < len(tokens) and tokens[at].text == "(" else None


def _behind(tokens: list[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at].text == "(") - (tokens[at].text == ")")
        if depth <= 0:
            return at + 1
    return len(tokens)


def _arguments(tokens: list[Token], opening: int) -> list[int]:
    starts = []
    depth, begins = 0, True
    for token in tokens[opening + 1 :]:
        if depth == 0 and token.text == ")":
            break
        if begins:
            starts.append(token.start)
        begins = depth == 0 and token.text == ","
        depth += (token.text in ("(", "{", "[")) - (token.text in (")", "}", "]"))
    return starts
