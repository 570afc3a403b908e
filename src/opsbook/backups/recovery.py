"""Bringing one set back: verified, restored under a fresh name, swapped with what is used."""

import tempfile
import threading
import time
from pathlib import Path

from opsbook.backups.places import Places
from opsbook.backups.restoring import Chosen, restoring_place
from opsbook.backups.restoring import restore as bring_back
from opsbook.backups.source import Work
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth, Verdict, facts_of
from opsbook.core.errors import BadInputError

LATEST = "latest"


class Recovery:
    """Of one set. Blocks: call it in threads. All methods raise BadInputError, SourceError."""

    def __init__(self, vault: Vault, set_name: str) -> None:
        self._vault, self._set = vault, set_name
        self._settings = vault.known(set_name)

    @property
    def places(self) -> Places:
        return self._settings.source.places

    def used(self, name: str) -> str:
        """The name that services use; where none is given, the only one of the set."""
        if name:
            return name
        if len(self.places.used) > 1:
            raise BadInputError(f"{self._set} is several things: name one of {self.places.used}")
        return self.places.used[0]

    def choose(self, backup: str) -> Chosen:
        """The newest good one for `latest`."""
        return self._vault.choose(self._set, "" if backup == LATEST else backup)

    def verify(self, backup: str, depth: Depth, halt: threading.Event) -> tuple[Chosen, Verdict]:
        chosen = self.choose(backup)
        where, number = chosen.destination, chosen.manifest.id
        return chosen, self._vault.verify(self._set, where, number, depth, halt)

    def ready(self, chosen: Chosen, into: str) -> None:
        """Raises where it cannot be restored there: before anything of it was read."""
        if into in self.places.used:
            raise BadInputError(f"{into} is what services use: restore under another name")
        if self.places.there(into):
            raise BadInputError(f"{into} exists: nothing is restored into it; name a new one")
        work = _work(Path(tempfile.gettempdir()), threading.Event(), self._settings.within)
        self.places.fits(into, facts_of(chosen.manifest), chosen.content_bytes, work)

    def restore(self, chosen: Chosen, into: str, halt: threading.Event) -> str:
        """What was made, for people."""
        place, identity = self._vault.place(chosen.destination), self._vault.settings.identity
        return bring_back(chosen, self._settings, place, identity, into, _silent, halt)

    def holds(self, name: str, backup: str, halt: threading.Event) -> None:
        """Raises SourceError where it is not what the backup holds."""
        facts = facts_of(self.choose(backup).manifest)
        with restoring_place() as scratch:
            self.places.holds(name, facts, _work(scratch, halt, self._settings.within))

    def swap(self, fresh: str, to: str, keep: str, halt: threading.Event, *, begun: bool) -> None:
        """Carried out again after it had begun, it goes on where it was."""
        if begun and not self._there(fresh, to) and self.places.there(to):
            return
        self.swappable(fresh, to, "" if begun else keep)
        moves = [(to, keep), (self.places.inside(fresh, to), to)]
        if begun and self.places.there(keep):
            # It was kept whole: what lies beside its name by now belongs to the other.
            del moves[0]
        self._move(moves, halt)

    def swappable(self, fresh: str, to: str, keep: str) -> None:
        """Raises BadInputError where there is nothing to swap, or something at `keep`."""
        if not self._there(fresh, to):
            raise BadInputError(f"{fresh}: it is not there; nothing was swapped for {to}")
        if keep and self.places.there(keep):
            raise BadInputError(f"{keep} exists: {to} cannot be kept under that name")

    def swap_back(self, fresh: str, to: str, keep: str, halt: threading.Event) -> None:
        """Of a swap that had begun, however far it had come."""
        if not self._there(fresh, to):
            self._move([(to, self.places.inside(fresh, to)), (keep, to)], halt)
        elif not (self.places.there(keep) and self.places.there(to)):
            self._move([(keep, to)], halt)

    def _there(self, fresh: str, to: str) -> bool:
        return self.places.there(self.places.inside(fresh, to))

    def _move(self, moves: list[tuple[str, str]], halt: threading.Event) -> None:
        self.places.move(moves, _work(Path(tempfile.gettempdir()), halt, self._settings.within))


def _silent(_what: str, _done: int, _total: int | None) -> None:
    """The run tells how far it is by its steps."""


def _work(scratch: Path, halt: threading.Event, within: float) -> Work:
    return Work(scratch, halt, time.monotonic() + within, _silent)
