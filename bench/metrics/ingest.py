"""What it costs a store to take samples that are pushed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.metrics.contestant import Contestant, answers
from bench.metrics.data import Target
from bench.metrics.writing import PATH, Ingest, write
from bench.processes import until
from bench.table import Cell, print_table, say

_ROWS = 960
_READY = {"opsbook": "/-/healthy", "prometheus": "/-/ready", "victoria-metrics": "/health"}


def measured(
    stores: dict[str, Contestant], place: Path, every: Sequence[Target]
) -> dict[str, Ingest | str]:
    """Each on an empty directory, one after the other: the sender needs a core too."""
    say("pushing samples")
    return {
        name: _measured(store, place / f"{name}-pushed", every) for name, store in stores.items()
    }


def _measured(store: Contestant, place: Path, every: Sequence[Target]) -> Ingest | str:
    place.mkdir()
    with store.serving(place) as server:
        until(lambda: answers(server, _READY[store.name]), f"{store.name} answers")
        try:
            return write(server, every, range(_ROWS))
        except RuntimeError as error:
            return f"takes no remote write at {PATH}: {error}"


def print_ingest(found: dict[str, Ingest | str]) -> None:
    ours = found["opsbook"]
    rows: list[list[Cell]] = []
    for name, each in found.items():
        if isinstance(each, str):
            rows.append([name, each])
            continue
        ratio = None if isinstance(ours, str) else each.cpu_us_per_sample / ours.cpu_us_per_sample
        rows.append([name, each.samples_per_second, each.cpu_us_per_sample, ratio])
    head = ("store", "samples/s", "CPU µs each", "CPU ×")
    print_table(f"Remote write, {_ROWS} requests of one sample of each series", head, rows)
    print("  One after the other, so samples/s is mostly how long a request takes.")


def as_json(found: dict[str, Ingest | str]) -> dict[str, Any]:
    return {name: each if isinstance(each, str) else asdict(each) for name, each in found.items()}
