"""Plug-in kinds found by their file: the module's name is the kind's name."""

import importlib
import inspect
import pkgutil
from typing import Generic, TypeVar

from opsbook.core.errors import BadInputError, nearest

T = TypeVar("T")


class UnknownKindError(BadInputError):
    """The book names a kind for which there is no file."""


class Registry(Generic[T]):
    """The kinds in one package: each module holds exactly one subclass of `base`.

    A kind is imported when it is first asked for, so that a book pays only for what it uses.
    """

    def __init__(self, package: str, base: type[T]) -> None:
        self._package = package
        self._base = base
        self._loaded: dict[str, type[T]] = {}

    def names(self) -> list[str]:
        """All kinds, in the order of the alphabet."""
        path = importlib.import_module(self._package).__path__
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(path))

    def load(self, kind: str) -> type[T]:
        """The class of a kind. Raises UnknownKindError with the nearest known name."""
        if kind not in self._loaded:
            self._loaded[kind] = self._import(kind)
        return self._loaded[kind]

    def _import(self, kind: str) -> type[T]:
        known = self.names()
        if kind not in known:
            meant = nearest(kind, known)
            hint = f"did you mean {meant}?" if meant else f"known: {', '.join(known)}"
            raise UnknownKindError(f"unknown kind {kind!r}; {hint}")
        module = importlib.import_module(f"{self._package}.{kind.replace('-', '_')}")
        found = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, self._base)
            and value.__module__ == module.__name__
            and not value.__name__.startswith("_")
        ]
        if len(found) != 1:
            raise TypeError(
                f"{module.__name__} must hold exactly one public {self._base.__name__}, "
                f"it holds {[cls.__name__ for cls in found]}"
            )
        cls: type[T] = found[0]
        return cls
