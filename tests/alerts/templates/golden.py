"""Files of cases: data, templates, and what the real programs make of them.

A file is words, then `=== data` with JSON, then cases: `===`, the template, and after `---` what
comes out, or after `!!!` a part of what our error says.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[2] / "golden" / "templates"


@dataclass(frozen=True)
class Case:
    name: str
    data: dict[str, Any]
    template: str
    expected: str
    fails: bool

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Golden:
    data: dict[str, Any]
    cases: list[Case]

    @property
    def good(self) -> list[Case]:
        return [case for case in self.cases if not case.fails]

    @property
    def bad(self) -> list[Case]:
        return [case for case in self.cases if case.fails]


def golden(name: str) -> Golden:
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")
    data, *cases = text.partition("\n=== data\n")[2].split("\n===\n")
    read = json.loads(data)
    numbered = enumerate(cases, start=1)
    return Golden(read, [_case(f"{name}-{number}", read, case) for number, case in numbered])


def cases_of(*names: str) -> list[Case]:
    return [case for name in names for case in golden(name).cases]


def _case(name: str, data: dict[str, Any], text: str) -> Case:
    for mark in ("\n---\n", "\n!!!\n"):
        template, found, expected = text.partition(mark)
        if found:
            return Case(name, data, template, expected, mark == "\n!!!\n")
    raise AssertionError(f"{name}: a case without --- or !!!: {text!r}")
