"""Sections that know how they stand in the book, to be carried along with a run."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, PrivateAttr, model_validator
from pydantic_core.core_schema import ValidationInfo

from opsbook.book.model import Section


class Written(Section):
    """A run carries its procedure as it was written: the book may change in the meantime, and
    filled settings cannot be read back."""

    _written: dict[str, Any] = PrivateAttr(default_factory=dict)
    _directory: str = PrivateAttr(default="")

    @property
    def written(self) -> dict[str, Any]:
        """The keys and values of the book."""
        return self._written

    @property
    def directory(self) -> str:
        """Where relative paths in it start."""
        return self._directory

    @model_validator(mode="wrap")
    @classmethod
    def _remember(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        made = handler(data)
        if isinstance(data, Mapping):
            made._written = dict(data)
            made._directory = str((info.context or {}).get("directory", ""))
        return made
