"""A service's log: one line for each event, to the terminal and to a file that stays small."""

import contextlib
import json
import re
import sys
from io import TextIOWrapper
from pathlib import Path

from opsbook.core.clock import iso
from opsbook.platforms.helixflow.clock import Clock

LARGEST = 32 * 1024 * 1024
"""Bytes after which the file is set aside as `.1`: more than a day at the usual traffic."""

_PLAIN = re.compile(r"[!#-<>-~]+")


class Log:
    """Lines such as `2026-01-31T04:05:06.789Z ERROR auth-service token refused status=401`."""

    def __init__(self, service: str, file: Path, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._path = file
        self._file = self._open()

    def info(self, message: str, **values: object) -> None:
        self._write("INFO", message, values)

    def warning(self, message: str, **values: object) -> None:
        self._write("WARN", message, values)

    def error(self, message: str, **values: object) -> None:
        self._write("ERROR", message, values)

    def _write(self, level: str, message: str, values: dict[str, object]) -> None:
        pairs = "".join(f" {name}={_shown(value)}" for name, value in values.items())
        line = f"{iso(self._clock.now())} {level} {self._service} {message}{pairs}\n"
        # Neither a full disk nor a reader that went away may stop the service.
        for stream in (sys.stderr if level == "ERROR" else sys.stdout, self._file):
            with contextlib.suppress(OSError):
                stream.write(line)
                stream.flush()
        with contextlib.suppress(OSError):
            self._keep_small()

    def _keep_small(self) -> None:
        if self._file.tell() > LARGEST:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._file.close()
            self._file = self._open()

    def _open(self) -> TextIOWrapper:
        return self._path.open("a", encoding="utf-8")


def _shown(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
