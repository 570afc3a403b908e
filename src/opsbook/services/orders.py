"""What somebody orders of a service, and what came of it."""

from dataclasses import dataclass
from typing import Literal

Verb = Literal["start", "stop", "restart", "reload", "scale"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done to a service, by whose word and for what reason."""

    verb: Verb
    by: str
    why: str
    replicas: int | None = None
    """How many there shall be: for `scale`, and only there."""
    patience: float = 60.0
    """Seconds it may wait for its turn; then it is withdrawn and nothing was done."""
    key: str = ""
    """Unlike that of any other order. Given again with it, after this process had died in the
    middle, a restart that was begun is brought to its end instead of being done twice."""

    def __str__(self) -> str:
        """`stop by ada: move to the new rack`."""
        what = self.verb if self.replicas is None else f"{self.verb} to {self.replicas}"
        return f"{what} by {self.by}: {self.why}"


@dataclass(frozen=True, slots=True)
class Ordered:
    """What came of an order that was begun."""

    verb: Verb
    verified: bool | None
    """Whether it was proved; None where nothing can prove it: a service without a check."""
    message: str
    before: str | None
    """The instance before, or how many replicas; None if none ran or nobody knows."""
    after: str | None
    seconds: float
    """From the turn of the order to its proof, or to its failure."""
    evidence: tuple[int, ...]
    """Numbers of the ledger entries that tell the story."""
    dependents: tuple[str, ...] = ()
    """The services that depend on it, also through others: they feel what was done."""
