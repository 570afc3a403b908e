"""Bringing a backup back into a new place, also where nothing else of Opsbook is left."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.listing import Found, listed
from opsbook.backups.manifest import Manifest
from opsbook.backups.opening import NoIdentityError, Opened
from opsbook.backups.settings import SetSettings
from opsbook.backups.source import Work
from opsbook.backups.tools.throwaway import sweep_throwaways, throwaway
from opsbook.backups.verification import facts_of
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret

_KIND = "restore"
"""Of the private directories in which restores work."""

Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The backup that is to come back."""

    destination: str
    manifest: Manifest
    passed_over: list[str]
    """Those that are not good, and destinations that gave no answer, for people."""

    @property
    def content_bytes(self) -> int:
        """Room that it takes at least."""
        return sum(file.content_size for file in self.manifest.files)


def choose(
    set_name: str,
    settings: SetSettings,
    places: Mapping[str, Destination],
    platform: str,
    backup: str = "",
    destination: str = "",
) -> Chosen:
    """The newest good one, or that which is named. Blocks.

    Raises BadInputError where there is none, saying what there is instead.
    """
    names = [destination] if destination else settings.to
    found: list[tuple[str, str, Manifest]] = []
    passed_over = []
    for name in names:
        if name not in settings.to:
            raise BadInputError(f"{set_name} is not kept at {name!r}; known: {settings.to}")
        try:
            copies = listed(places[name], set_name, platform)
        except DestinationError as error:
            passed_over.append(f"{name}: {error}")
            continue
        for each in copies:
            if backup and each.id != backup:
                continue
            _sort(each, name, found, passed_over)
    if not found:
        wanted = f"backup {backup}" if backup else "backup"
        raise BadInputError("; ".join([f"{set_name} has no good {wanted}", *passed_over]))
    _, name, manifest = max(found, key=lambda each: each[0])
    return Chosen(name, manifest, passed_over)


def restore(
    chosen: Chosen,
    settings: SetSettings,
    place: Destination,
    identity: Secret | None,
    target: str,
    tell: Tell,
    halt: threading.Event | None = None,
) -> str:
    """What was made, for people. Blocks. Raises OpsbookError; then nothing was replaced."""
    manifest = chosen.manifest
    if manifest.kind != settings.kind:
        raise BadInputError(
            f"the backup is one of {manifest.kind}, and the set in the book is of {settings.kind}"
        )
    if manifest.recipients and identity is None:
        raise NoIdentityError(
            f"it is encrypted for {', '.join(manifest.recipients)}; name the file with the "
            "private key: --identity FILE"
        )
    opened = Opened(place, manifest, identity)
    with restoring_place() as scratch:
        deadline = time.monotonic() + settings.within
        work = Work(scratch, halt or threading.Event(), deadline, tell)
        return settings.source.restore(opened.files, facts_of(manifest), target, work)


@contextmanager
def restoring_place() -> Iterator[Path]:
    """A private directory for work that brings something back; swept when that died."""
    with throwaway(_KIND, None) as made:
        yield made.path


def sweep_restores() -> list[str]:
    """Remove what restores that died left in the system's directory for temporary files; its
    names. Blocks. Raises SourceError."""
    return sweep_throwaways(_KIND, None)


def _sort(
    each: Found, name: str, found: list[tuple[str, str, Manifest]], passed_over: list[str]
) -> None:
    if each.good and each.manifest is not None:
        found.append((each.id, name, each.manifest))
    else:
        passed_over.append(f"{name}/{each.id} {each.problem}")
