"""Failures at each request in turn: nothing partial is ever listed, nothing good lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from opsbook.backups.destination import Destination, DestinationError
from tests.backups.destinations.contract import content_of, keep, listed, noise

OLD, NEW = "orders/1/dump", "orders/2/dump"
_GOOD = b"good" * 1000
_NEW = noise(5_300_000, seed=2)
"""Of two parts."""
_BETTER = b"better" * 1000
_MOST_REQUESTS = 40


class Faulty(Protocol):
    """A server that can be told which request fails, and how."""

    requests: list[str]
    fault: Callable[[int, str], Any] | None


@dataclass
class Story:
    """What a backup and its pruning ask of a destination, and how far it came."""

    place: Destination
    done: list[str] = field(default_factory=list)
    failed: DestinationError | None = None
    struck: str = ""
    """The request that failed first."""

    def run(self) -> None:
        steps: dict[str, Callable[[], object]] = {
            "new": lambda: keep(self.place, NEW, _NEW),
            "replaced": lambda: keep(self.place, OLD, _BETTER),
            "listed": self._lists,
            "read": self._reads,
            "deleted": lambda: self.place.delete(OLD),
        }
        for name, step in steps.items():
            try:
                step()
            except DestinationError as error:
                self.failed = self.failed or error
            else:
                self.done.append(name)

    def _lists(self) -> None:
        found = set(listed(self.place))
        assert OLD in found, "a good object is lost"
        assert found <= {OLD, NEW}

    def _reads(self) -> None:
        try:
            assert content_of(self.place, NEW) == _NEW
        except FileNotFoundError:
            assert "new" not in self.done


def requests_of_a_story(place: Destination, server: Faulty) -> int:
    """How many requests there are that could fail; all objects are gone afterwards."""
    keep(place, OLD, _GOOD)
    before = len(server.requests)
    story = Story(place)
    story.run()
    assert story.failed is None
    count = len(server.requests) - before
    assert 8 <= count <= _MOST_REQUESTS
    place.delete(NEW)
    return count


def fails_at(
    place: Destination, patient: Destination, server: Faulty, fault: str, number: int, *, on: bool
) -> Story:
    """The story with a failure at that request (`on`: and at all that follow), and its laws.

    Afterwards the server is well again, and all objects are gone; `patient` asks it then.
    """
    keep(patient, OLD, _GOOD)
    first = len(server.requests) + number
    server.fault = lambda at, _: fault if (at >= first if on else at == first) else None
    story = Story(place)
    story.run()
    story.struck = server.requests[first]
    server.fault = None
    _holds(patient, story)
    for name in (OLD, NEW):
        patient.delete(name)
    return story


def _holds(place: Destination, story: Story) -> None:
    found = {name: content_of(place, name) for name in listed(place)}
    assert found.get(NEW) in (_NEW, None), "a partial object is listed"
    assert found.get(OLD) in (_GOOD, _BETTER, None), "a partial object is listed"
    if "new" in story.done:
        assert NEW in found, "an object that was committed is lost"
    if "replaced" in story.done and OLD in found:
        assert found[OLD] == _BETTER, "an object that was committed is lost"
    if "deleted" in story.done:
        assert OLD not in found, "an object that was deleted is there"
