"""The language of Prometheus' test scripts: text → commands.

`load`, `clear` and `eval`, each with indented lines below it; `expect …` lines and the older
`eval_fail`, `eval_warn`, `eval_info`, `eval_ordered`.
"""

import json
import re
from dataclasses import dataclass, field

from opsbook.core.labels import Labels
from opsbook.metrics.promql.durations import literal_seconds
from opsbook.metrics.promql.series_text import Points, read_series

_NUMBER = r"[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_NUMBER_ALONE = re.compile(_NUMBER, re.IGNORECASE)
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
        labels, points = read_series(line, gaps_for_histograms=True)
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
    elif _NUMBER_ALONE.fullmatch(line):
        command.number = float(line)
    else:
        labels, points = read_series(line, gaps_for_histograms=True)
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


def unquoted(text: str) -> str:
    if text[:1] == "`":
        return text.strip("`")
    if text[:1] == "'":
        text = '"' + text[1:-1].replace('"', '\\"') + '"'
    loaded = json.loads(text)
    if not isinstance(loaded, str):
        raise ScriptError("no quoted text")
    return loaded
