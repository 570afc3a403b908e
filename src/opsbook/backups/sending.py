"""A backup sent from one destination to another, as it lies there: neither its source nor its key
is needed. The manifest comes last there, too."""

from collections.abc import Mapping

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.envelope import MANIFEST, ManifestError, render
from opsbook.backups.listing import find, prefix_of, read_manifest
from opsbook.backups.manifest import Manifest, ManifestFile
from opsbook.backups.opening import DamagedError, Opened
from opsbook.backups.source import Work
from opsbook.backups.stream import ahead, ended
from opsbook.backups.tools.flow import go_on
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_size


def send(
    places: Mapping[str, Destination],
    to: str,
    set_name: str,
    backup: str,
    platform: str,
    work: Work,
) -> Manifest:
    """From the first destination that has it whole. Blocks.

    Raises BadInputError where none has, saying why; DestinationError where `to` has another
    backup of this id; SourceError where the work ends before it.
    """
    troubles = []
    for name, place in places.items():
        if name == to:
            continue
        try:
            found = find(place, set_name, platform, backup)
            if found is None or found.manifest is None or not found.good:
                troubles.append(f"{name}: {found.problem if found else 'it is not there'}")
                continue
            Sending(place, places[to], found.manifest, work).send()
        except (DestinationError, DamagedError) as error:
            troubles.append(f"{name}: {error}")
            continue
        return found.manifest
    why = "; ".join(troubles) or "there is no other destination"
    raise BadInputError(f"{set_name}/{backup} cannot be sent to {to}: {why}")


class Sending:
    """One backup on its way from one destination to another."""

    def __init__(
        self, origin: Destination, target: Destination, manifest: Manifest, work: Work
    ) -> None:
        self._origin = Opened(origin, manifest)
        self._sent = Opened(target, manifest)
        self._target = target
        self._manifest = manifest
        self._work = work
        self._prefix = prefix_of(manifest.set, manifest.id)

    def send(self) -> None:
        """A file that an earlier try has stored whole is read again instead of sent again."""
        self._check_manifest()
        there = {each.name: each.size for each in self._target.names(self._prefix)}
        total, done = sum(file.size for file in self._manifest.files), 0
        self._check_room(total - sum(there.values()))
        for file in self._manifest.files:
            if there.get(self._prefix + file.name) != file.size or not self._is_same(file):
                self._send(file, done, total)
            done += file.size
        with self._target.upload(self._prefix + MANIFEST) as upload:
            upload.write(render(self._manifest))
            upload.commit()

    def _check_manifest(self) -> None:
        manifest = self._manifest
        try:
            there = read_manifest(self._target, manifest.set, manifest.id)
        except (FileNotFoundError, ManifestError):
            return
        if there != manifest:
            said = f"{self._target.subject} has another backup {manifest.set}/{manifest.id}"
            raise DestinationError(f"{said}; it is not replaced", temporary=False)

    def _check_room(self, needed: int) -> None:
        free = self._target.free_bytes()
        if free is not None and free < needed:
            numbers = f"{format_size(needed)} are needed, {format_size(free)} are free"
            raise DestinationError(
                f"no room for it at {self._target.subject}: {numbers}", temporary=False
            )

    def _is_same(self, file: ManifestFile) -> bool:
        try:
            self._sent.check(file, lambda _: go_on(self._work, file.name))
        except DamagedError:
            return False
        return True

    def _send(self, file: ManifestFile, before: int, total: int) -> None:
        """Committed only once every byte was the one that the manifest knows."""
        blocks = ahead(self._origin.stored(file), "backup-send")
        with ended(blocks), self._target.upload(self._prefix + file.name) as upload:
            for block in blocks:
                go_on(self._work, file.name)
                upload.write(block)
                before += len(block)
                self._work.progress(f"sending {file.name}", before, total)
            upload.commit()
