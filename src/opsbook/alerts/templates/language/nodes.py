"""What a template is made of once it is read. `at` is the offset in the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opsbook.alerts.templates.language.errors import Source


@dataclass(frozen=True, slots=True)
class Dot:
    at: int


@dataclass(frozen=True, slots=True)
class Nil:
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    at: int
    value: str | bool | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`"""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.A.B`; `$` alone is the data that the template was called with."""

    at: int
    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`(…).A.B`"""

    at: int
    base: "Operand"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """The first operand, called with the rest."""

    at: int
    operands: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each of which hands its value to the next; the last one's goes to variables."""

    at: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = False
    """`:=` rather than `=`."""


Operand = Dot | Nil | Constant | Field | Variable | Identifier | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    at: int
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` and `range`."""

    at: int
    kind: Literal["if", "with", "range"]
    pipe: Pipe
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Include:
    """`template`; without a pipe its data is nil."""

    at: int
    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`."""

    at: int
    kind: Literal["break", "continue"]


Statement = Text | Action | Branch | Include | Leave
Body = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A body that can be called by its name."""

    source: Source
    body: Body

    @property
    def empty(self) -> bool:
        """Nothing but blanks, which never replaces something."""
        return all(isinstance(each, Text) and not each.text.strip() for each in self.body)


Definitions = Mapping[str, Definition]
