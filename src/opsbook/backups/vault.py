"""What is done with the backups of a book, one thing at a time. All of it blocks."""

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.envelope import ManifestError
from opsbook.backups.listing import Found, listed, read_manifest, remove
from opsbook.backups.manifest import Manifest
from opsbook.backups.pipeline import Made, Pipeline, Wanted
from opsbook.backups.restoring import Chosen, choose, sweep_restores
from opsbook.backups.retention import Decision, Past, decide
from opsbook.backups.sending import send
from opsbook.backups.settings import BackupSettings, SetSettings
from opsbook.backups.source import SourceError, Work
from opsbook.backups.space import lacking
from opsbook.backups.store import MADE, PRUNED, Row, forget, put, rows_of
from opsbook.backups.tools.throwaway import clear
from opsbook.backups.verification import Depth, Verdict, Verification
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, hint_for

_DAY = 86_400.0
_REMEMBERED = 400 * _DAY
"""Seconds for which it is known what became of a backup."""
_REMOVED = "removed"
"""In the evidence of an attempt of which nothing is left."""
_INTERRUPTED = "it was interrupted before it was complete"


@dataclass(frozen=True, slots=True)
class Progress:
    """What is done to a set right now."""

    what: str
    done: int
    """Bytes."""
    total: int | None


class Vault:
    """The sets of a book, and what is known of their backups."""

    def __init__(
        self,
        platform: str,
        settings: BackupSettings,
        engine: Engine,
        scratch: Path,
        clock: Clock,
    ) -> None:
        """`scratch` is a directory of its own, for what does not outlive a piece of work."""
        self.settings = settings
        self.progress: dict[str, Progress] = {}
        """Set → what is done to it, while something is."""
        self._platform = platform
        self._engine = engine
        self._scratch = scratch.absolute()
        self._clock = clock
        self._destinations = bound(settings, platform)

    def known(self, set_name: str) -> SetSettings:
        """Raises BadInputError for a set that the book does not have."""
        if set_name not in self.settings.sets:
            hint = hint_for(set_name, self.settings.sets)
            raise BadInputError(f"no such backup set: {set_name!r}; {hint}")
        return self.settings.sets[set_name]

    def rows(self, set_name: str) -> list[Row]:
        return rows_of(self._engine, set_name)

    def tidy(self) -> list[str]:
        """Remove what earlier lives left behind: scratch files, the programs that still work on
        them, and places of rehearsals. What could not be swept is told."""
        troubles = []
        try:
            clear(self._scratch)
            sweep_restores()
        except SourceError as error:
            troubles.append(str(error))
        for name, each in self.settings.sets.items():
            try:
                each.source.sweep()
            except SourceError as error:
                troubles.append(f"{name}: {error}")
        return troubles

    def begin(self, set_name: str) -> str:
        """The id of a new backup, written down before anything of it exists."""
        rows = self.rows(set_name)
        taken = {row.backup for row in rows}
        stem = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        backup, number = stem, 1
        while backup in taken:
            number += 1
            backup = f"{stem}-{number}"
        now = self._clock.now()
        names = self.known(set_name).to
        put(self._engine, *(Row(set_name, each, backup, MADE, now, None) for each in names))
        return backup

    def make(
        self, set_name: str, backup: str, retention: str, halt: threading.Event
    ) -> dict[str, Any]:
        """Make it, unless an earlier life of this run has: destination → why it is not there."""
        settings = self.known(set_name)
        places = self._places(settings)
        self._remove_leftovers(set_name, backup, places)
        began = time.monotonic()
        found = self._manifests(set_name, backup, places)
        estimate = None if found else settings.source.estimate()
        if found:
            errors = {name: _INTERRUPTED for name in places if name not in found}
            made = Made(next(iter(found.values())), errors)
        else:
            made = self._made(set_name, settings, backup, retention, places, halt, estimate)
        seconds = round(time.monotonic() - began, 3)
        evidence = _evidence(made.manifest, seconds, estimate)
        return self._write_down(set_name, backup, places, made, evidence)

    def send(
        self, set_name: str, backup: str, destination: str, halt: threading.Event
    ) -> dict[str, Any]:
        """Have a destination get a backup from another one; what came of it, as `make` says it."""
        settings, rows = self.known(set_name), self.rows(set_name)
        attempts = [row for row in rows if (row.backup, row.about) == (backup, MADE)]
        made = next((row for row in attempts if row.ok), None)
        error = ""
        with self._work(set_name, settings.within, halt) as work:
            try:
                places = self._places(settings)
                send(places, destination, set_name, backup, self._platform, work)
            except (DestinationError, BadInputError, SourceError, OSError) as failure:
                error = str(failure)
        now = self._clock.now()
        if made is None:
            made = Row(set_name, destination, backup, MADE, now, True)
        if not error:
            # Its state is no newer for having been sent later.
            put(self._engine, replace(made, destination=destination))
        elif any(row.destination == destination and not row.ok for row in attempts):
            put(self._engine, Row(set_name, destination, backup, MADE, now, False, error))
        good = [] if error else [destination]
        errors = {destination: error} if error else {}
        return {"good": good, "errors": errors, "evidence": dict(made.evidence)}

    def verify(
        self, set_name: str, destination: str, backup: str, depth: Depth, halt: threading.Event
    ) -> Verdict:
        """And remember what it found."""
        settings = self.known(set_name)
        within = settings.drill.within if settings.drill else settings.within
        patience = max(within, settings.within)
        with self._work(set_name, patience, halt) as work:
            if depth is Depth.RESTORE:
                with suppress(SourceError):
                    settings.source.sweep()
            verdict = Verification(
                settings,
                self.place(destination),
                set_name,
                backup,
                self.settings.identity,
                work,
            ).run(depth)
        now = self._clock.now()
        words = (now, verdict.ok, verdict.message, verdict.damaged, verdict.evidence)
        put(self._engine, Row(set_name, destination, backup, depth, *words))
        return verdict

    def newest(self, set_name: str) -> tuple[str, str]:
        """Destination and id of the newest good backup. Raises BadInputError if there is none."""
        found, troubles = [], []
        for name, place in self._places(self.known(set_name)).items():
            try:
                good = [each.id for each in listed(place, set_name, self._platform) if each.good]
            except DestinationError as error:
                troubles.append(str(error))
                continue
            found += [(backup, name) for backup in good[:1]]
        if not found:
            raise BadInputError("; ".join([f"{set_name} has no good backup", *troubles]))
        backup = max(backup for backup, _ in found)
        return next(name for each, name in found if each == backup), backup

    def listed(self, set_name: str) -> dict[str, "list[Found] | str"]:
        """Destination → what lies there, or why that is not known."""
        found: dict[str, list[Found] | str] = {}
        for name, place in self._places(self.known(set_name)).items():
            try:
                found[name] = listed(place, set_name, self._platform)
            except DestinationError as error:
                found[name] = str(error)
        return found

    def choose(self, set_name: str, backup: str) -> Chosen:
        """That backup, or the newest good one. Raises BadInputError."""
        settings = self.known(set_name)
        return choose(set_name, settings, self._places(settings), self._platform, backup)

    def decisions(self, set_name: str, destination: str) -> list[Decision]:
        """What retention says of each backup there, newest first.

        Raises BadInputError unless the newest good one of it was verified there: before that
        nothing may go. Raises DestinationError.
        """
        settings, classes = self.known(set_name), self._history(set_name, destination)
        decided = []
        everything = [each for history in classes.values() for each in history]
        good = sorted((each for each in everything if not each.damaged), key=lambda each: each.at)
        if good and not good[-1].verified:
            raise BadInputError(
                f"{set_name} at {destination}: the newest backup, {good[-1].id}, was not verified; "
                f"nothing is pruned before `opsbook backup verify {set_name}` succeeds"
            )
        for name, history in classes.items():
            rules = settings.retention_of(name)
            if rules is None:
                why = f"the book says nothing of class {name}"
                decided += [Decision(each.id, True, why) for each in history]
            else:
                decided += decide(history, rules, self._clock.now())
        return sorted(decided, key=lambda each: each.id, reverse=True)

    def prune(self, set_name: str, destination: str, chosen: Mapping[str, str]) -> list[str]:
        """Remove those of the chosen (id → why) that retention still lets go; all that are gone.

        Raises DestinationError, BadInputError.
        """
        place = self.place(destination)
        still = {each.id: each.keep for each in self.decisions(set_name, destination)}
        gone = []
        for backup, why in chosen.items():
            if still.get(backup, False):
                continue
            begun = Row(set_name, destination, backup, PRUNED, self._clock.now(), None, why)
            put(self._engine, begun)
            remove(place, set_name, backup)
            put(self._engine, replace(begun, at=self._clock.now(), ok=True))
            gone.append(backup)
        forget(self._engine, set_name, self._clock.now() - _REMEMBERED)
        return gone

    def close(self) -> None:
        for each in self._destinations.values():
            each.close()

    def _made(
        self,
        set_name: str,
        settings: SetSettings,
        backup: str,
        retention: str,
        places: Mapping[str, Destination],
        halt: threading.Event,
        estimate: int | None,
    ) -> Made:
        wanted = Wanted(
            self._platform,
            set_name,
            backup,
            settings.kind,
            retention,
            settings.level,
            tuple(self.settings.recipients),
            estimate,
        )
        with self._work(set_name, settings.within, halt) as work:
            rows = self.rows(set_name)
            full = lacking(settings.source, estimate, places, rows, work.scratch)
            roomy = {name: place for name, place in places.items() if name not in full}
            made = Made(None, full)
            try:
                if roomy:
                    made = Pipeline(wanted, settings.source, roomy, work).make()
            except (SourceError, OSError) as error:
                made = Made(None, dict.fromkeys(roomy, f"reading: {error}"))
            made.errors = full | made.errors
        for name in made.errors:
            # A destination that fails may well fail again: the next backup tries it, too.
            with suppress(DestinationError):
                _remove_partial(places[name], set_name, backup)
        return made

    def _write_down(
        self,
        set_name: str,
        backup: str,
        places: Mapping[str, Destination],
        made: Made,
        evidence: dict[str, Any],
    ) -> dict[str, Any]:
        now = self._clock.now()
        for name in places:
            error = made.errors.get(name)
            told = {} if error else evidence
            row = Row(set_name, name, backup, MADE, now, error is None, error or "", evidence=told)
            put(self._engine, row)
        good = [name for name in places if name not in made.errors]
        return {"good": good, "errors": made.errors, "evidence": evidence}

    def _manifests(
        self, set_name: str, backup: str, places: Mapping[str, Destination]
    ) -> dict[str, Manifest]:
        """Of this very backup, where an earlier life of its run has made it."""
        found = {}
        for name, place in places.items():
            with suppress(FileNotFoundError, ManifestError, DestinationError):
                found[name] = read_manifest(place, set_name, backup)
        return found

    def _remove_leftovers(
        self, set_name: str, backup: str, places: Mapping[str, Destination]
    ) -> None:
        """Of attempts that failed or died, and of removals that died. Nobody else's: what has a
        manifest is a backup, whatever is known of it."""
        for row in self.rows(set_name):
            place = places.get(row.destination)
            if place is None or row.ok or row.evidence.get(_REMOVED):
                continue
            with suppress(DestinationError):
                if row.about == PRUNED:
                    remove(place, set_name, row.backup)
                    put(self._engine, replace(row, ok=True))
                elif row.about == MADE:
                    _remove_partial(place, set_name, row.backup)
                    if row.backup != backup:
                        why = row.message or _INTERRUPTED
                        known = {_REMOVED: True}
                        put(self._engine, replace(row, ok=False, message=why, evidence=known))
        for place in places.values():
            with suppress(DestinationError):
                place.sweep(_DAY)

    def _history(self, set_name: str, destination: str) -> dict[str, list[Past]]:
        """Class → its backups. Those of other platforms and without a manifest are left alone."""
        rows = [row for row in self.rows(set_name) if row.destination == destination]
        found: dict[str, list[Past]] = {}
        for each in listed(self.place(destination), set_name, self._platform):
            manifest = each.manifest
            if manifest is None or manifest.platform != self._platform:
                continue
            past = _past(each, manifest, [row for row in rows if row.backup == each.id])
            found.setdefault(manifest.retention, []).append(past)
        return found

    def _places(self, settings: SetSettings) -> dict[str, Destination]:
        return {name: self.place(name) for name in settings.to}

    def place(self, name: str) -> Destination:
        if name not in self._destinations:
            raise BadInputError(f"no such destination: {name!r}")
        return self._destinations[name]

    @contextmanager
    def _work(self, set_name: str, within: float, halt: threading.Event) -> Iterator[Work]:
        def tell(what: str, done: int, total: int | None) -> None:
            self.progress[set_name] = Progress(what, done, total)

        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix=f"{set_name}-") as scratch:
            try:
                deadline = time.monotonic() + within
                level = self.settings.sets[set_name].level
                yield Work(Path(scratch), halt, deadline, tell, level)
            finally:
                self.progress.pop(set_name, None)


def bound(settings: BackupSettings, platform: str) -> dict[str, Destination]:
    """The destinations, each knowing whose backups it keeps."""
    found = {name: each.destination for name, each in settings.destinations.items()}
    for each in found.values():
        each.bind(platform)
    return found


def _past(found: Found, manifest: Manifest, rows: Sequence[Row]) -> Past:
    looks = [row for row in rows if row.about in set(Depth) and row.ok is not None]
    last = max(looks, key=lambda row: row.at, default=None)
    damaged = not found.good or any(row.damaged and row is last for row in looks)
    verified = not damaged and any(row.ok for row in looks)
    return Past(found.id, manifest.made_seconds, verified, damaged)


def _remove_partial(place: Destination, set_name: str, backup: str) -> None:
    """Nothing where it has a manifest, damaged or not."""
    try:
        read_manifest(place, set_name, backup)
    except FileNotFoundError:
        remove(place, set_name, backup)
    except ManifestError:
        return


def _evidence(manifest: Manifest | None, seconds: float, estimate: int | None) -> dict[str, Any]:
    if manifest is None:
        return {}
    return {
        "stored_bytes": sum(file.size for file in manifest.files),
        "content_bytes": sum(file.content_size for file in manifest.files),
        "estimated_bytes": estimate,
        "files": len(manifest.files),
        "counts": len(manifest.counts),
        "consistent_at": manifest.consistent_at,
        "remarks": manifest.remarks[:20],
        "duration_seconds": seconds,
    }
