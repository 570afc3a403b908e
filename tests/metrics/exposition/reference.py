"""The formats read slowly: one character after the other, and nothing remembered.

After the rules of Prometheus' lexers; in the form of a reader by hand, with no part of the
product but what it raises.
"""

import math
from decimal import Decimal
from typing import NamedTuple

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
DIGITS = "0123456789"
TEXT_TYPES = ["counter", "gauge", "histogram", "summary", "untyped"]
OPENMETRICS_TYPES = [
    *["counter", "gauge", "histogram", "gaugehistogram"],
    *["summary", "info", "stateset", "unknown"],
]


class RefusedError(Exception):
    """What stands there is none of the format."""


class Read(NamedTuple):
    series: dict[tuple[tuple[str, str], ...], tuple[float, int | None]]
    metadata: dict[str, dict[str, str]]
    repeated: int


def read(body: bytes, *, openmetrics: bool) -> Read:
    return Cursor(body, openmetrics).everything()


class Cursor:
    def __init__(self, body: bytes, openmetrics: bool) -> None:
        # Latin-1 gives each byte one character; texts are decoded when they are taken.
        self.text = body.decode("latin-1")
        self.openmetrics = openmetrics
        if not openmetrics:
            self.text += "\n"
        self.at = 0
        self.type = ""
        self.found = Read({}, {}, 0)
        self.repeated = 0

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> bool:
        taken = self.text.startswith(wanted, self.at)
        self.at += len(wanted) * taken
        return taken

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise RefusedError(f"{wanted!r} at {self.at}")

    def while_in(self, characters: str) -> str:
        start = self.at
        while self.next and self.next in characters:
            self.at += 1
        return self.text[start : self.at]

    def until(self, characters: str) -> str:
        start = self.at
        while self.next and self.next not in characters:
            self.at += 1
        return self.text[start : self.at]

    def blanks(self) -> str:
        return "" if self.openmetrics else self.while_in(" \t")

    def everything(self) -> Read:
        while self.at < len(self.text):
            if self.openmetrics and self.take("# EOF"):
                self.take("\n")
                if self.next:
                    raise RefusedError("something after the end")
                return self.found._replace(repeated=self.repeated)
            self.line()
        if self.openmetrics:
            raise RefusedError("no end")
        return self.found._replace(repeated=self.repeated)

    def line(self) -> None:
        self.blanks()
        if self.next == "#":
            self.comment()
        elif self.openmetrics or self.next != "\n":
            self.sample()
        self.need("\n")

    def comment(self) -> None:
        self.need("#")
        if not self.openmetrics and not self.while_in(" \t"):
            self.until("\n")
            return
        if self.openmetrics:
            self.need(" ")
        words = ["HELP", "TYPE", "UNIT"] if self.openmetrics else ["HELP", "TYPE"]
        word = next((word for word in words if self.take(word)), None)
        if word is None or not (self.take(" ") or (not self.openmetrics and self.take("\t"))):
            if self.openmetrics:
                raise RefusedError("a comment of another kind")
            self.until("\n")
            return
        self.blanks()
        family = self.string(named=True) if self.next == '"' else self.name(":").encode("latin-1")
        text = self.until("\n")
        if self.openmetrics:
            if not text.startswith(" "):
                raise RefusedError("no text")
            text = text[1:]
        else:
            text = text[1:] if text.strip(" \t") else ""
        self.say(word, unescape(utf8(family), '\\n"'), text.encode("latin-1"))

    def say(self, word: str, family: str, raw: bytes) -> None:
        text = utf8(raw)
        said = self.found.metadata.setdefault(family, {"type": "unknown", "help": "", "unit": ""})
        if word == "HELP":
            text = unescape(text, '\\n"' if self.openmetrics else "\\n")
        elif word == "UNIT":
            if text and not family.endswith("_" + text):
                raise RefusedError("a unit that the name lacks")
        else:
            if text not in (OPENMETRICS_TYPES if self.openmetrics else TEXT_TYPES):
                raise RefusedError("an unknown type")
            text = self.type = "unknown" if text == "untyped" else text
        said[word.lower()] = text

    def name(self, more: str = "") -> str:
        if not self.next or self.next not in LETTERS + more:
            raise RefusedError(f"no name at {self.at}")
        return self.while_in(LETTERS + more + DIGITS)

    def string(self, *, named: bool) -> bytes:
        """What stands between quotes; names hold no NUL."""
        self.need('"')
        start = self.at
        while not self.take('"'):
            if not self.next or (self.openmetrics and self.next == "\n"):
                raise RefusedError("no end of quotes")
            if named and self.next == "\0":
                raise RefusedError("NUL in a name")
            if self.take("\\") and (self.next == "\n" or (named and self.next == "\0")):
                raise RefusedError("an escape of nothing")
            self.at += 1
        return self.text[start : self.at - 1].encode("latin-1")

    def sample(self) -> None:
        names: list[bytes] = []
        labels: list[tuple[bytes, bytes]] = []
        if self.next != "{":
            names.append(self.name(":").encode())
            self.blanks()
        if self.take("{"):
            self.labels(names, labels)
        if len(names) != 1 or not names[0]:
            raise RefusedError("no name, or two")
        pairs = self.meant([(b"__name__", names[0]), *labels])
        value, time = self.value()
        if pairs in self.found.series:
            self.repeated += 1
        else:
            self.found.series[pairs] = value, time

    def labels(self, names: list[bytes], labels: list[tuple[bytes, bytes]]) -> None:
        while True:
            self.blanks()
            if self.take("}"):
                return
            quoted = self.next == '"'
            name = self.string(named=True) if quoted else self.name().encode()
            self.blanks()
            if quoted and self.next in (",", "}"):
                names.append(name)
                self.take(",")
                continue
            self.need("=")
            self.blanks()
            labels.append((name, self.string(named=False)))
            self.blanks()
            if not self.take(",") and self.openmetrics and self.next != "}":
                raise RefusedError("no comma")

    def meant(self, raw: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
        pairs: dict[str, str] = {}
        for raw_name, raw_value in raw:
            name, value = (unescape(utf8(each), '\\n"') for each in (raw_name, raw_value))
            if name in pairs or not name:
                raise RefusedError("twice, or without a name")
            bound = {"histogram": "le", "summary": "quantile"}.get(self.type)
            pairs[name] = shown(value) if name == bound else value
        return tuple(sorted(pairs.items()))

    def value(self) -> tuple[float, int | None]:
        if self.openmetrics:
            return self.openmetrics_value()
        self.blanks()
        value = number(self.until(" \t\n{"))
        self.blanks()
        stamp = self.while_in(DIGITS)
        self.blanks()
        if stamp and int(stamp) >= 2**63:
            raise RefusedError("after the end of time")
        return value, int(stamp) if stamp else None

    def openmetrics_value(self) -> tuple[float, int | None]:
        self.need(" ")
        value, time = number(self.until(" \n")), None
        if self.next == " " and not self.text.startswith(" # {", self.at):
            self.need(" ")
            time = self.seconds()
        if self.take(" # {"):
            self.exemplar()
        return value, time

    def exemplar(self) -> None:
        labels: list[tuple[bytes, bytes]] = []
        names: list[bytes] = []
        start = self.at
        self.labels(names, labels)
        if names or "\0" in self.text[start : self.at]:
            raise RefusedError("a name in an exemplar, or NUL")
        for pair in labels:
            list(map(utf8, pair))
        self.need(" ")
        number(self.until(" \n"))
        if self.take(" ") and not math.isfinite(number(self.until(" \n"))):
            raise RefusedError("no time")

    def seconds(self) -> int:
        seconds = number(self.until(" \n"))
        if not math.isfinite(seconds) or abs(seconds * 1000) >= 2.0**63:
            raise RefusedError("no time")
        return round(seconds * 1000)


def number(text: str) -> float:
    low = text.lower()
    if low == "nan" or low.lstrip("+-") in ("inf", "infinity"):
        if low[:2] in ("++", "--", "+-", "-+"):
            raise RefusedError(text)
        return float(low)
    if not text or set(low) - set(DIGITS + "+-.e"):
        raise RefusedError(text)
    try:
        value = float(text)
    except ValueError:
        raise RefusedError(text) from None
    if math.isinf(value):
        raise RefusedError("too great")
    return value


def shown(text: str) -> str:
    try:
        value = number(text)
    except RefusedError:
        return text
    if not math.isfinite(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    point = len(digits) + exponent
    if not value:
        return "0.0"
    plain = "".join(map(str, digits))
    minus = "-" if sign else ""
    if not -4 <= point - 1 < 6:
        more = f".{plain[1:]}" if len(plain) > 1 else ""
        return f"{minus}{plain[0]}{more}e{point - 1:+03d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{plain}"
    return f"{minus}{plain[:point].ljust(point, '0')}.{plain[point:] or '0'}"


def unescape(text: str, known: str) -> str:
    parts, at = [], 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] and text[at + 1] in known:
            parts.append("\n" if text[at + 1] == "n" else text[at + 1])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RefusedError("not UTF-8") from None
