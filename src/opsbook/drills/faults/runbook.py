"""`runbook`: nothing is hurt; a runbook is carried out, and then all that it did is taken back."""

from pydantic import Field

from opsbook.book.fields import Name
from opsbook.drills.fault import Exercise, Fault, Place, Prepared


class Runbook(Fault):
    """Carries out a runbook and takes it back: its rollbacks are proven then."""

    name: Name
    """Which runbook of the book."""
    with_: dict[str, str | int | float | bool] = Field(default={}, alias="with")
    """Its parameters, name → value."""
    confirm: str = ""
    """The name of its target, for a runbook of class 2 and above."""

    @property
    def subject(self) -> str:
        return f"runbook {self.name}, and back"

    def exercise(self) -> Exercise:
        return Exercise(self.name, self.with_, self.confirm)

    async def prepare(self, place: Place) -> Prepared:
        """A run knows itself how to be taken back."""
        return {}

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        """The run begins after this."""

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        """The run is carried on, and back, by the engine: also after a kill -9."""
