"""`command`: what only the platform's own tools can do to it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from opsbook.book.fields import BookPath, Duration
from opsbook.drills.fault import Fault, FaultError, Mended, Place, Prepared
from opsbook.services.controller import ControllerError
from opsbook.services.execute import execute
from opsbook.services.output import Output

Words = Annotated[list[str], Field(min_length=1)]


class Command(Fault):
    """A command that hurts and one that heals: slow or wrong answers, a closed port, a clock."""

    inject: Words
    """A program and its arguments, no shell. Exit code 0 means that it took effect."""
    undo: Words
    """Makes everything as it was. It may be called twice, and also where `inject` never was."""
    directory: BookPath = Field(default=Path(), validate_default=True)
    """Where both are carried out."""
    within: Duration = Field(default=30.0, gt=0)
    """Each of them is killed when it takes longer."""
    mended_by: Literal["undo", "restart"] = "undo"
    """Whether the platform gets well by a restart, or only when it is undone."""

    @property
    def subject(self) -> str:
        return " ".join(self.inject)

    def mended(self) -> Mended:
        return Mended(self.mended_by)

    async def prepare(self, place: Place) -> Prepared:
        return {
            "inject": self.inject,
            "undo": self.undo,
            "directory": str(self.directory.absolute()),
            "within": self.within,
            "output": str(place.directory / "output"),
        }

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        await _carry_out(prepared["inject"], prepared)

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        await _carry_out(prepared["undo"], prepared)


async def _carry_out(words: list[str], prepared: Prepared) -> None:
    output = Output(Path(prepared["output"]))
    try:
        code, said = await execute(
            words, Path(prepared["directory"]), {}, output, prepared["within"]
        )
    except ControllerError as error:
        raise FaultError(str(error)) from None
    if code != 0:
        raise FaultError(f"{' '.join(words)} exited with {code}: {said or 'it said nothing'}")
