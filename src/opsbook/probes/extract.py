"""Values taken out of an answer: by JSON path or by regular expression."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator

from opsbook.book.fields import Name
from opsbook.book.model import Section
from opsbook.probes.model import Measurements, Value
from opsbook.probes.value import as_value

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\*)\]")


def _json_path(text: str) -> str:
    if not text or _STEP.sub("", text.removeprefix("$")):
        raise ValueError("not a JSON path: write keys and indexes such as data[0].id or data[*].id")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


JsonPath = Annotated[str, AfterValidator(_json_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Extraction(Section):
    """What to take out of an answer, each under a name that conditions can use."""

    values: dict[Name, JsonPath] = {}
    """Name → path in a JSON answer, such as `data[0].id`; `[*]` joins all with commas,
    and a list or mapping counts as its length."""
    find: dict[Name, Pattern] = {}
    """Name → regular expression; the first group, or the whole match, is the value."""

    def extracted(self) -> dict[str, str]:
        """The names and meanings of these measurements."""
        return {name: f"`{path}` of the answer" for name, path in self.values.items()} | {
            name: f"what `{pattern}` finds in the answer" for name, pattern in self.find.items()
        }

    def extract(self, answer: bytes) -> Measurements:
        """What is there of it; an answer that is no JSON, or has no such part, gives nothing."""
        found: Measurements = {}
        if self.values:
            found |= self._from_json(answer)
        if self.find:
            text = answer.decode("utf-8", errors="replace")
            for name, pattern in self.find.items():
                match = re.search(pattern, text)
                if match:
                    found[name] = _number(match[match.re.groups and 1] or "")
        return found

    def _from_json(self, answer: bytes) -> Measurements:
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError):
            return {}
        taken = ((name, _value(_walk(document, path))) for name, path in self.values.items())
        return {name: value for name, value in taken if value is not None}


def _walk(document: Any, path: str) -> Any:
    current = document
    steps = _STEP.findall(path.removeprefix("$"))
    for position, (key, index) in enumerate(steps):
        if index == "*":
            rest = "".join(f".{k}" if k else f"[{i}]" for k, i in steps[position + 1 :])
            if not isinstance(current, list):
                return None
            below = [_value(_walk(each, rest) if rest else each) for each in current]
            return ",".join(str(each) for each in below if each is not None)
        if key:
            current = current.get(key) if isinstance(current, dict) else None
        else:
            within = isinstance(current, list) and int(index) < len(current)
            current = current[int(index)] if within else None
    return current


def _value(found: Any) -> Value | None:
    return len(found) if isinstance(found, list | dict) else as_value(found)


def _number(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text
