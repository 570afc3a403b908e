"""What lies at a destination: backups, which have a manifest, and what else is there."""

from collections import defaultdict
from dataclasses import dataclass

from opsbook.backups.destination import Destination
from opsbook.backups.envelope import LARGEST, MANIFEST, ManifestError, parse
from opsbook.backups.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Found:
    """What lies under the prefix of one id."""

    id: str
    manifest: Manifest | None
    problem: str | None
    """Why it is not a good backup: it has no manifest, or a damaged one, or files are missing."""
    partial: bool
    """Whether it never became a backup: there is no manifest at all."""
    size: int
    """Bytes of all objects."""

    @property
    def good(self) -> bool:
        """As far as names and sizes tell; `verification` looks at the bytes."""
        return self.problem is None


def prefix_of(set_name: str, backup: str = "") -> str:
    return f"{set_name}/{backup}/" if backup else f"{set_name}/"


def listed(destination: Destination, set_name: str, platform: str) -> list[Found]:
    """All ids of a set, the newest first. Raises DestinationError."""
    objects: dict[str, dict[str, int]] = defaultdict(dict)
    start = prefix_of(set_name)
    for each in destination.names(start):
        backup, _, name = each.name.removeprefix(start).partition("/")
        objects[backup][name] = each.size
    found = [
        _found(destination, set_name, platform, backup, sizes) for backup, sizes in objects.items()
    ]
    return sorted(found, key=lambda each: each.id, reverse=True)


def find(destination: Destination, set_name: str, platform: str, backup: str) -> Found | None:
    """One of them. Raises DestinationError."""
    start = prefix_of(set_name, backup)
    sizes = {each.name.removeprefix(start): each.size for each in destination.names(start)}
    return _found(destination, set_name, platform, backup, sizes) if sizes else None


def read_manifest(destination: Destination, set_name: str, backup: str) -> Manifest:
    """Raises ManifestError, DestinationError, and FileNotFoundError where there is none."""
    with destination.open(prefix_of(set_name, backup) + MANIFEST) as file:
        manifest = parse(file.read(LARGEST))
    if (manifest.set, manifest.id) != (set_name, backup):
        raise ManifestError(f"the manifest is that of {manifest.set}/{manifest.id}")
    return manifest


def remove(destination: Destination, set_name: str, backup: str) -> None:
    """Delete all of it, the manifest first: half of it is no backup. Raises DestinationError."""
    start = prefix_of(set_name, backup)
    destination.delete(start + MANIFEST)
    for each in list(destination.names(start)):
        destination.delete(each.name)


def _found(
    destination: Destination, set_name: str, platform: str, backup: str, sizes: dict[str, int]
) -> Found:
    size = sum(sizes.values())
    if MANIFEST not in sizes:
        return Found(backup, None, "partial: it has no manifest", True, size)
    try:
        manifest = read_manifest(destination, set_name, backup)
    except ManifestError as error:
        return Found(backup, None, str(error), False, size)
    except FileNotFoundError:
        return Found(backup, None, "partial: its manifest went meanwhile", True, size)
    problem = _problem(manifest, platform, sizes)
    return Found(backup, manifest, problem, False, size)


def _problem(manifest: Manifest, platform: str, sizes: dict[str, int]) -> str | None:
    if manifest.platform != platform:
        return f"of another platform: {manifest.platform}"
    for file in manifest.files:
        if file.name not in sizes:
            return f"damaged: {file.name} is missing"
        if sizes[file.name] != file.size:
            return f"damaged: {file.name} has {sizes[file.name]} bytes instead of {file.size}"
    return None
