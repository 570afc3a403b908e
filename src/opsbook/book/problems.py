"""What is wrong with a book, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opsbook.core.errors import BadInputError


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; lines and columns count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: `file:line:column path: what is wrong (got …), what is allowed`."""

    mark: Mark
    path: str
    what: str
    allowed: str | None = None

    def __str__(self) -> str:
        place = f"{self.mark} {self.path}".rstrip()
        return f"{place}: {self.what}" + (f", {self.allowed}" if self.allowed else "")


class BookError(BadInputError):
    """A book that cannot be carried out: every problem found, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.mark, problem.path))
        super().__init__("\n".join(map(str, self.problems)))
