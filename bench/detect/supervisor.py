"""supervisor, from the same environment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.detect.watcher import Watcher
from bench.processes import running
from bench.service import Service

_SUPERVISORD = Path(sys.executable).parent / "supervisord"

_CONFIGURATION = """
[supervisord]
nodaemon = true
logfile = {place}/supervisord.log
pidfile = {place}/supervisord.pid
childlogdir = {place}

[unix_http_server]
file = {place}/socket
chmod = 0600

[program:tiny]
command = {command}
startsecs = 0
autorestart = true
stopsignal = KILL
"""


class Supervisor(Watcher):
    """It restarts whatever ends, at once when it sees it."""

    name = "supervisor"

    def missing(self) -> str | None:
        return None if _SUPERVISORD.exists() else "not installed: make setup"

    @contextmanager
    def watching(self, service: Service, place: Path) -> Iterator[None]:
        file = place / "supervisord.conf"
        command = " ".join(service.words)
        text = _CONFIGURATION.format(place=place, command=command)
        file.write_text(text, encoding="utf-8")
        words = [str(_SUPERVISORD), "--configuration", str(file)]
        with running(words, log=place / "output"):
            yield
