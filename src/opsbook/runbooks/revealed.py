"""A secret at the moment of use, which can still be handed on by its reference."""

from opsbook.core.secrets import Secret


class Revealed(str):
    """What a secret holds now. Where a value as such is handed on, to another runbook or host,
    its reference goes there instead, and is revealed there."""

    __slots__ = ("reference",)
    reference: str

    @classmethod
    def of(cls, reference: str) -> "Revealed":
        """Raises BadInputError for one that cannot be read now."""
        made = cls(Secret(reference).reveal())
        made.reference = reference
        return made

    def __repr__(self) -> str:
        return f"Revealed({self.reference!r})"
