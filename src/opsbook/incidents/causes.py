"""Which signs of trouble have one cause: by what depends on what, and by time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """Where trouble showed, and between when. Times in seconds since 1970."""

    services: frozenset[str]
    names: frozenset[str]
    """Names of alerts that are about no service."""
    first: float
    last: float

    def with_(self, other: "Cause") -> "Cause":
        """Both as one."""
        return Cause(
            self.services | other.services,
            self.names | other.names,
            min(self.first, other.first),
            max(self.last, other.last),
        )

    def overlaps(self, other: "Cause") -> bool:
        """Whether both are about the same thing."""
        return bool(self.services & other.services or self.names & other.names)


class Causes:
    """Joins what belongs together.

    What is joined only ever relates to more, never to less: in which order the signs come
    makes no difference to what ends up together.
    """

    def __init__(self, depends_on: Mapping[str, Iterable[str]], join_within: float) -> None:
        """`depends_on` has no circles."""
        self._join_within = join_within
        self._below: dict[str, frozenset[str]] = {}
        for service in depends_on:
            self._reach(service, depends_on)

    def joining(self, new: Cause, known: Mapping[str, Cause]) -> list[str]:
        """The keys of all that has one cause with the new one, also by way of each other."""
        left, whole, found = dict(known), new, list[str]()
        while met := [key for key, cause in left.items() if self._related(whole, cause)]:
            for key in met:
                whole = whole.with_(left.pop(key))
            found += met
        return found

    def _related(self, one: Cause, other: Cause) -> bool:
        apart = max(one.first, other.first) - min(one.last, other.last)
        if apart > self._join_within:
            return False
        return one.overlaps(other) or self._leads(one, other) or self._leads(other, one)

    def _leads(self, above: Cause, below: Cause) -> bool:
        """Whether a service above depends, directly or not, on one below."""
        return any(self._below.get(each, frozenset()) & below.services for each in above.services)

    def _reach(self, service: str, depends_on: Mapping[str, Iterable[str]]) -> frozenset[str]:
        if service not in self._below:
            direct = frozenset(depends_on.get(service, ()))
            further = (self._reach(each, depends_on) for each in direct)
            self._below[service] = direct.union(*further)
        return self._below[service]
