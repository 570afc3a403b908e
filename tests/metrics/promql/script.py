"""The language of Prometheus' test scripts: text → commands.

`load`, `clear` and `eval`, each with indented lines below it; `expect …` lines and the older
`eval_fail`, `eval_warn`, `eval_info`, `eval_ordered`.
"""

import json
import re
from dataclasses import dataclass, field

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.durations import literal_seconds

Points = list[float | None]
"""Values at consecutive steps; None where there is no sample."""

_NUMBER = r"[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_ITEM = re.compile(rf"({_NUMBER})(?:([+-])({_NUMBER}))?(?:x(\d+))?", re.IGNORECASE)
_HISTOGRAM = r"\{\{.*?\}\}"
_SPLIT = re.compile(rf"{_HISTOGRAM}(?:[+-]{_HISTOGRAM})?(?:x\d+)?|\S+")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LABEL = re.compile(rf"\s*(?:({_QUOTED})|([\w:.]+))\s*(?:=\s*({_QUOTED}))?\s*(?:,|$)")
_EVAL = re.compile(
    r"eval(?:_(?P<mode>fail|warn|info|ordered))?\s+(?:instant\s+(?:at\s+(?P<at>\S+)\s+)?"
    r"|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+?)\s+)"
    r"(?P<expression>.+)"
)
_EXPECT = re.compile(r"expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):(.*))?")
_RANGE_VECTOR = re.compile(r"expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")


class ScriptError(ValueError):
    """A line is not in the language."""


@dataclass(frozen=True, slots=True)
class Clear:
    pass


@dataclass(slots=True)
class Load:
    step: int
    series: dict[Labels, Points] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A message that is expected: exactly, by pattern, or any at all."""

    text: str = ""
    pattern: str = ""

    def fits(self, message: str) -> bool:
        if self.text:
            return message == self.text
        return re.search(self.pattern, message) is not None


@dataclass(slots=True)
class Eval:
    """`start` = `end` and `step` 0 for an instant. Times in ms."""

    line: int
    expression: str
    start: int
    end: int
    step: int
    series: dict[Labels, Points] = field(default_factory=dict)
    number: float | None = None
    text: str | None = None
    ordered: bool = False
    fails: Said | None = None
    told: dict[str, list[Said]] = field(default_factory=dict)
    """By `warn`, `info`, `no_warn`, `no_info`."""
    raw: tuple[int, int] | None = None
    """Start and step of an expected range vector."""

    @property
    def instant(self) -> bool:
        return self.step == 0


Command = Clear | Load | Eval


def read_script(text: str) -> list[Command]:
    """Raises ScriptError with the line's number."""
    commands: list[Command] = []
    open_block = False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = "" if raw.strip().startswith("#") else raw.strip()
        try:
            if not line:
                open_block = False
            elif open_block:
                _below(commands[-1], line)
            else:
                commands.append(_command(number, line))
                open_block = not isinstance(commands[-1], Clear)
        except (ValueError, IndexError) as error:
            raise ScriptError(f"{number}: {error}: {line}") from None
    return commands


def _command(number: int, line: str) -> Command:
    words = line.split()
    if words[0] == "clear":
        return Clear()
    if words[0] in ("load", "load_with_nhcb"):
        return Load(milliseconds(words[1]))
    found = _EVAL.fullmatch(line)
    if found is None:
        raise ScriptError("no command")
    start = milliseconds(found["start"] or found["at"] or "0")
    end = milliseconds(found["end"]) if found["end"] else start
    step = milliseconds(found["step"]) if found["step"] else 0
    command = Eval(number, found["expression"], start, end, step)
    if found["mode"] == "ordered":
        command.ordered = True
    elif found["mode"] == "fail":
        command.fails = Said()
    elif found["mode"]:
        command.told[found["mode"]] = [Said()]
    return command


def milliseconds(text: str) -> int:
    negative = text.startswith("-")
    return round(literal_seconds(text.lstrip("-")) * 1000) * (-1 if negative else 1)


def _below(command: Command, line: str) -> None:
    if isinstance(command, Load):
        labels, points = read_series(line)
        command.series[labels] = points
    elif isinstance(command, Eval):
        _expectation(command, line)


def _expectation(command: Eval, line: str) -> None:
    if line.startswith("expected_fail_message"):
        command.fails = Said(text=line.removeprefix("expected_fail_message").strip())
    elif line.startswith("expected_fail_regexp"):
        command.fails = Said(pattern=line.removeprefix("expected_fail_regexp").strip())
    elif found := _RANGE_VECTOR.fullmatch(line):
        command.raw = milliseconds(found[1]), milliseconds(found[3])
        command.start = command.end = milliseconds(found[2])
    elif line.startswith("expect string"):
        command.text = unquoted(line.removeprefix("expect string").strip())
    elif line.startswith("expect "):
        _expect(command, line)
    elif _ITEM.fullmatch(line) and "x" not in line.lower().replace("inf", ""):
        command.number = float(line)
    else:
        labels, points = read_series(line)
        command.series[labels] = points


def _expect(command: Eval, line: str) -> None:
    found = _EXPECT.fullmatch(line)
    if found is None:
        raise ScriptError("no expectation")
    kind, form, rest = found[1], found[2], (found[3] or "").strip()
    said = Said(text=rest) if form == "msg" else Said(pattern=rest)
    if kind == "ordered":
        command.ordered = True
    elif kind == "fail":
        command.fails = said
    else:
        command.told.setdefault(kind, []).append(said)


def read_series(line: str) -> tuple[Labels, Points]:
    """`up{job="api"} 1 _ 3+1x2` → its labels, and its values step by step."""
    end = _end_of_labels(line)
    name, brace, inside = line[:end].strip().removesuffix("}").partition("{")
    pairs = {NAME: name.strip()}
    at = 0
    while brace and at < len(inside.rstrip()):
        found = _LABEL.match(inside, at)
        if found is None:
            raise ScriptError("malformed labels")
        key = unquoted(found[1]) if found[1] else found[2]
        if found[3] is None:
            pairs[NAME] = key
        else:
            pairs[key] = unquoted(found[3])
        at = found.end()
    points = [point for item in _SPLIT.findall(line[end:]) for point in _points(item)]
    return labels_of(pairs), points


def _end_of_labels(line: str) -> int:
    brace = line.find("{")
    blank = re.search(r"\s", line)
    if brace < 0 or (blank is not None and blank.start() < brace and line[brace:][:2] == "{{"):
        return blank.start() if blank else len(line)
    quoted = False
    for at in range(brace, len(line)):
        if line[at] == '"' and line[at - 1] != "\\":
            quoted = not quoted
        if line[at] == "}" and not quoted:
            return at + 1
    raise ScriptError("the labels have no end")


def _points(item: str) -> Points:
    word, _, times = item.partition("x")
    if word == "_":
        return [None] * int(times or 1)
    if word == "stale":
        return [float(STALE)] * (int(times) + 1 if times else 1)
    if item.startswith("{{"):  # native histograms are no part of the language here
        repeated = re.search(r"\}\}x(\d+)$", item)
        return [None] * (int(repeated[1]) + 1 if repeated else 1)
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ScriptError(f"no value: {item}")
    first, step = float(found[1]), float(found[3] or 0) * (-1 if found[2] == "-" else 1)
    return [first + step * number for number in range(int(found[4] or 0) + 1)]


def unquoted(text: str) -> str:
    if text[:1] == "`":
        return text.strip("`")
    if text[:1] == "'":
        text = '"' + text[1:-1].replace('"', '\\"') + '"'
    loaded = json.loads(text)
    if not isinstance(loaded, str):
        raise ScriptError("no quoted text")
    return loaded
