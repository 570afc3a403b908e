"""Programs of the platform's own that act on a service: they end, and 0 means that they did."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from opsbook.core.secrets import Secret, mask
from opsbook.services.controller import ControllerError
from opsbook.services.execute import execute
from opsbook.services.model import how_it_ended
from opsbook.services.output import Output

_PLACE = "{replicas}"
_MOST_DIGITS = 9


def _says_how_many(words: list[str]) -> list[str]:
    if not any(_PLACE in word for word in words):
        raise ValueError(f"no argument holds {_PLACE}: write it where the number belongs")
    return words


Words = Annotated[list[str], Field(min_length=1)]
"""A program and its arguments. No shell reads them."""

ScaleWords = Annotated[list[str], Field(min_length=1), AfterValidator(_says_how_many)]
"""The same, with the place of a number in it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """How the programs of one service are run. All raise ControllerError."""

    directory: Path
    environment: Mapping[str, str | Secret]
    output: Output
    """Where they, and what they leave running, write to."""
    within: float
    """Seconds that each of them may take."""

    async def must(self, words: Sequence[str]) -> None:
        """Run one that has to succeed."""
        code, said = await self.run(words, self.output)
        if code != 0:
            raise _failure(words, code, said)

    async def scale(self, words: Sequence[str], replicas: int) -> None:
        """Run one that is told how many there shall be."""
        await self.must([word.replace(_PLACE, str(replicas)) for word in words])

    async def count(self, words: Sequence[str]) -> int:
        """The number that a program prints, and nothing else."""
        with tempfile.NamedTemporaryFile(dir=self.output.path.parent) as file:
            code, said = await self.run(words, Output(Path(file.name)))
        if code != 0:
            raise _failure(words, code, said)
        if not (said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS):
            printed = mask(said)[:100] or "nothing"
            raise ControllerError(f"{words[0]} prints no number of replicas (got {printed})")
        return int(said)

    async def run(self, words: Sequence[str], output: Output | None) -> tuple[int | None, str]:
        """Exit code and last words; none where they go nowhere."""
        return await execute(words, self.directory, self.environment, output, self.within)


def _failure(words: Sequence[str], code: int | None, said: str) -> ControllerError:
    return ControllerError(f"{words[0]} {how_it_ended(code)}: {mask(said) or 'no output'}")
