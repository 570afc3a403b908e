"""The data directory: private, of one format, of one platform, and of one process at a time."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from opsbook.core.errors import BadInputError

_FORMAT = 1


class DataDir:
    """`state.db`, `runs.db`, `jobs/`, `logs/`, `services/`, `metrics/`, and who runs here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @classmethod
    def default(cls) -> Path:
        """$OPSBOOK_DATA, or `opsbook` among the user's state files (XDG base directories)."""
        named = os.environ.get("OPSBOOK_DATA")
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        return Path(named) if named else Path(state) / "opsbook"

    @property
    def database(self) -> Path:
        return self.path / "state.db"

    @property
    def runs(self) -> Path:
        return self.path / "runs.db"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def services(self) -> Path:
        return self.path / "services"

    def open(self, platform: str) -> None:
        """Make what is missing and take the lock.

        Raises BadInputError if another process, another platform or a newer Opsbook has it.
        """
        for directory in (self.path, self.logs, self.services, self.metrics):
            try:
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                directory.chmod(0o700)
            except OSError as error:
                raise BadInputError(
                    f"data directory {directory}: {error.strerror}; give another with --data"
                ) from None
        self._take_lock()
        self._check_format(platform)

    def close(self) -> None:
        if self._lock is not None:
            self._address_file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def announce(self, address: str) -> None:
        """Write down where the process that runs here answers."""
        _write(self._address_file, {"pid": os.getpid(), "address": address})

    def address(self) -> str | None:
        """Where the process that runs here answers, or None if none runs."""
        try:
            known = json.loads(self._address_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return str(known["address"]) if self.in_use() else None

    def in_use(self) -> bool:
        """Whether a process holds the lock."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    @property
    def _address_file(self) -> Path:
        return self.path / "running.json"

    def _take_lock(self) -> None:
        # Close-on-exec is Python's default: a service started here must not hold it.
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise BadInputError(
                f"another opsbook runs on {self.path}; ask it with `opsbook status`, "
                "or give this one its own directory with --data"
            ) from None
        self._lock = descriptor

    def _check_format(self, platform: str) -> None:
        file = self.path / "format.json"
        if not file.exists():
            _write(file, {"format": _FORMAT, "platform": platform})
            return
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known["format"] > _FORMAT:
            self.close()
            raise BadInputError(
                f"{self.path} has format {known['format']}, this opsbook knows {_FORMAT}; "
                "install the newer opsbook that wrote it"
            )
        if known["platform"] != platform:
            self.close()
            raise BadInputError(
                f"{self.path} belongs to platform {known['platform']!r} (the book says "
                f"{platform!r}); give this platform its own directory with --data"
            )


def _write(file: Path, content: dict[str, Any]) -> None:
    """All or nothing, private."""
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(file)
