"""monit, at its shortest cycle of one second."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.detect.watcher import Watcher
from bench.machine import missing
from bench.processes import running
from bench.service import Service

_CONFIGURATION = """
set daemon 1
set logfile {place}/monit.log
set pidfile {place}/monit.pid
set idfile {place}/monit.id
set statefile {place}/monit.state
check process tiny with pidfile {place}/tiny.pid
  start program = "{place}/start"
  stop program = "{place}/stop"
  if failed host 127.0.0.1 port {port} protocol http with timeout 5 seconds then restart
"""

_START = """#!/bin/sh
setsid {command} </dev/null >/dev/null 2>&1 &
echo $! >{place}/tiny.pid
"""

_STOP = """#!/bin/sh
kill "$(cat {place}/tiny.pid)"
"""


class Monit(Watcher):
    """A process known by its pid file, checked over HTTP as well."""

    name = "monit"

    def missing(self) -> str | None:
        return missing("monit")

    @contextmanager
    def watching(self, service: Service, place: Path) -> Iterator[None]:
        command = shlex.join(service.words)
        _write(place / "start", _START.format(place=place, command=command), 0o700)
        _write(place / "stop", _STOP.format(place=place), 0o700)
        file = place / "monitrc"
        _write(file, _CONFIGURATION.format(place=place, port=service.port), 0o600)
        with running(["monit", "-c", str(file), "-I"], log=place / "output"):
            yield


def _write(file: Path, text: str, mode: int) -> None:
    file.touch(mode=mode)
    file.write_text(text, encoding="utf-8")
