"""Debian's prometheus-blackbox-exporter, with one module that does what our checks do."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.checks.ground import Ground, Rate
from bench.checks.wrk import wrk
from bench.processes import Process, running, until
from bench.service import Service, free_port

PROGRAM = "prometheus-blackbox-exporter"
MODULE = "answers"

_MODULES = {
    "modules": {
        MODULE: {
            "prober": "http",
            "timeout": "5s",
            "http": {"valid_status_codes": [200], "preferred_ip_protocol": "ip4"},
        }
    }
}


@contextmanager
def exporter(place: Path, core: int | None = None) -> Iterator[tuple[Process, str]]:
    """The exporter running, and the address where it answers."""
    file, address = place / "blackbox.yml", f"127.0.0.1:{free_port()}"
    file.write_text(json.dumps(_MODULES), encoding="utf-8")
    words = [PROGRAM, f"--config.file={file}", f"--web.listen-address={address}"]
    cores = None if core is None else {core}
    with running(words, cores=cores, log=place / "blackbox.log") as process:
        until(lambda: _healthy(address), f"{PROGRAM} answers at {address}")
        yield process, address


def probes(ground: Ground) -> Rate:
    """The exporter asked for probes without a pause, by wrk on the other core."""
    with exporter(ground.place, ground.core) as (process, address):
        url = f"http://{address}/probe?{_query(ground.target)}"
        said = _read(url)
        if "\nprobe_success 1\n" not in said:
            raise RuntimeError(f"the exporter's probe of {ground.target.url} fails:\n{said}")
        with wrk(url, ground.other):
            return ground.measure(process)


def _query(target: Service) -> str:
    return urlencode({"module": MODULE, "target": target.url})


def _healthy(address: str) -> bool:
    try:
        return bool(_read(f"http://{address}/-/healthy"))
    except OSError:
        return False


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content.decode()
