"""Where what was restored lies, and how it takes the place of what is used."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from opsbook.backups.source import Facts, Work

Move = tuple[str, str]
"""From one name to another."""


class Places(ABC):
    """The names of one set: databases of a server, or paths. Blocks: call it in threads.

    All methods raise SourceError.
    """

    apart: Sequence[str] = ()
    """What is swapped one after the other, where a set is more than one thing."""

    @property
    @abstractmethod
    def used(self) -> Sequence[str]:
        """What the set backs up: the names that services use."""

    @abstractmethod
    def beside(self, mark: str, end: str) -> str:
        """A name for something of this set that is not used, unlike any with another mark."""

    @abstractmethod
    def there(self, name: str) -> bool: ...

    @abstractmethod
    def holds(self, name: str, facts: Facts, work: Work) -> None:
        """Raises SourceError where it is not what was backed up."""

    @abstractmethod
    def discard(self, name: str) -> None:
        """Remove something that nobody uses."""

    @abstractmethod
    def move(self, moves: Sequence[Move], work: Work) -> None:
        """Rename one after the other, never over something; what is not there is left out. Where
        that is not one transaction, it is done again from where it was cut short."""

    @abstractmethod
    def fits(self, name: str, facts: Facts, size: int, work: Work) -> None:
        """Raises SourceError where there is no room for so many bytes, or an older server."""

    def inside(self, fresh: str, used: str) -> str:
        """Where in what was restored the thing lies that is to be used."""
        return fresh
