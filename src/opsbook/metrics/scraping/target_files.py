"""Target files as `file_sd_configs` names them: read once, and again when they change.

Source: `file_sd_config` in Prometheus' documentation, version 3.
"""

import glob
import json
import time
from pathlib import Path
from typing import NamedTuple

from pydantic import RootModel, ValidationError

from opsbook.book.load import explain
from opsbook.book.problems import BookError
from opsbook.book.source import Source
from opsbook.core.units import format_size
from opsbook.metrics.scraping.document import load_prometheus
from opsbook.metrics.scraping.settings import FileSdConfig, StaticConfig

_REFRESH_SECONDS = 300.0
_LARGEST = 16 * 1024 * 1024


class _Groups(RootModel[list[StaticConfig]]):
    """A target file."""


class _Stamp(NamedTuple):
    """What changes with a file."""

    inode: int
    changed: int
    size: int


class TargetFiles:
    """The files of one `file_sd_configs` entry, and the groups of targets in them."""

    def __init__(self, config: FileSdConfig) -> None:
        self.refresh = config.refresh_interval or _REFRESH_SECONDS
        """Seconds after which every file is read again, changed or not."""
        self._patterns = [str(pattern) for pattern in config.files]
        self._stamps: dict[str, _Stamp] = {}
        self._groups: dict[str, list[StaticConfig]] = {}
        self._problems: dict[str, str] = {}
        self._all_read = -self.refresh

    @property
    def problems(self) -> list[str]:
        """Files that could not be read; what was last good in them still stands."""
        return list(self._problems.values())

    def groups(self) -> list[StaticConfig]:
        """As the files are now; those of a file that is gone are gone with it. Blocks."""
        now = time.monotonic()
        if now - self._all_read >= self.refresh:
            self._all_read = now
            self._stamps.clear()
        paths = self._paths()
        for gone in (self._groups.keys() | self._problems.keys()) - set(paths):
            for memory in (self._groups, self._problems, self._stamps):
                memory.pop(gone, None)
        for path in paths:
            self._read(path)
        return [group for path in paths for group in self._groups.get(path, [])]

    def _paths(self) -> list[str]:
        # Path.glob takes no whole paths, and signs for any may stand anywhere in one.
        found = (
            glob.glob(path, include_hidden=True)  # noqa: PTH207 - see above
            for path in self._patterns
        )
        return list(dict.fromkeys(path for paths in found for path in sorted(paths)))

    def _read(self, path: str) -> None:
        try:
            status = Path(path).stat()
            stamp = _Stamp(status.st_ino, status.st_ctime_ns, status.st_size)
            if self._stamps.get(path) == stamp:
                return
            self._stamps[path] = stamp
            self._groups[path] = _groups(Path(path), stamp.size)
            self._problems.pop(path, None)
        except (BookError, OSError) as error:
            self._problems[path] = _said(path, error)


def _groups(file: Path, size: int) -> list[StaticConfig]:
    """Raises BookError and OSError."""
    if size > _LARGEST:
        raise OSError(f"larger than {format_size(_LARGEST)}")
    read = _from_json if file.suffix.lower() == ".json" else _from_yaml
    where = {"__meta_filepath": str(file)}
    return [
        StaticConfig(targets=group.targets, labels={**group.labels, **where})
        for group in read(file)
    ]


def _from_yaml(file: Path) -> list[StaticConfig]:
    return load_prometheus(file, _Groups)[0].root


def _from_json(file: Path) -> list[StaticConfig]:
    """By the reader for JSON: what is well-formed there need not be so in YAML."""
    try:
        # A float is refused where text belongs, so a number is, as Prometheus has it in JSON.
        data = json.loads(file.read_bytes(), parse_int=float)
        return _Groups.model_validate(data).root
    except ValidationError as error:
        raise BookError(explain(error, Source(file, data), _Groups)) from None
    except (ValueError, RecursionError) as error:
        raise OSError(f"not JSON: {error}") from None


def _said(path: str, error: BookError | OSError) -> str:
    if isinstance(error, BookError):
        return str(error)
    return f"{path}: {error.strerror or error}"
