"""What orders leave behind that outlives this process: a stop, the latest scaling and restart."""

import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """A service is stopped because somebody wants it so."""

    by: str
    why: str
    reached: bool = False
    """Whether it had ended; if not, we may have died while it was being stopped."""

    def __str__(self) -> str:
        return f"stopped by {self.by}: {self.why}"


@dataclass(frozen=True, slots=True)
class Begun:
    """A restart that was ordered with a key, and whom it was to end."""

    key: str
    instance: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    stop: Stop | None = None
    scaled_at: float | None = None
    begun: Begun | None = None


class Standing:
    """One small private file for each service, replaced as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)

    @property
    def stop(self) -> Stop | None:
        """The stop that stands, if one does."""
        return self._known.stop

    @property
    def scaled_at(self) -> float | None:
        """When it was last scaled by order, in seconds since 1970."""
        return self._known.scaled_at

    @property
    def begun(self) -> Begun | None:
        """The restart that was ordered last, if it had a key."""
        return self._known.begun

    def began(self, begun: Begun) -> str:
        """A restart will be done now; returns why that was not kept, if so."""
        return self._keep(replace(self._known, begun=begun))

    def stopped(self, stop: Stop | None) -> str:
        """A stop stands from now on, or none does; returns why that was not kept, if so."""
        return self._keep(replace(self._known, stop=stop))

    def scaled(self, at: float) -> str:
        """It was scaled; returns why that was not kept, if so."""
        return self._keep(replace(self._known, scaled_at=at))

    def _keep(self, known: _Known) -> str:
        """On disk when it returns, so that neither kill -9 nor a power cut brings back what
        somebody stopped. A full disk must not keep anybody from stopping a service."""
        if known == self._known:
            return ""
        self._known = known
        try:
            _write(self._file, json.dumps(asdict(known)))
        except OSError as error:
            trouble = f"{self._file} cannot be written ({error.strerror})"
            logger.error("%s: it holds only until Opsbook ends", trouble)
            return trouble
        return ""


def _read(file: Path) -> _Known:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        stop = Stop(**known["stop"]) if known["stop"] else None
        begun = Begun(**known["begun"]) if known.get("begun") else None
        return _Known(stop, known["scaled_at"], begun)
    except FileNotFoundError:
        return _Known()
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.error("%s cannot be read, so no stop by order is known: %s", file, error)
        return _Known()


def _write(file: Path, text: str) -> None:
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
