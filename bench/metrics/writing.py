"""Filling a store over remote write, and what that costs it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.metrics.client import Client
from bench.metrics.contestant import Server
from bench.metrics.data import Target
from bench.metrics.remote_write import HEADERS, requests
from bench.processes import usage_of

PATH = "/api/v1/write"
TAIL = 3 * 3_600_000 + 15 * 60_000
"""So many ms after the day there is one more sample of each series: then the day is over, and
every store may bring it into its last form."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """How fast a store takes requests that come one after the other."""

    samples_per_second: float
    cpu_us_per_sample: float
    """Of the store's process."""


def write(server: Server, targets: Sequence[Target], rows: range) -> Ingest:
    """Each request has one sample of each series. Raises RuntimeError if one is not taken."""
    client = Client(server.port)
    bodies = requests(targets, rows)
    before = usage_of(server.process)
    samples = 0
    for body in bodies:
        client.post(PATH, body, HEADERS)
        samples += sum(len(target.labels) for target in targets)
    after = usage_of(server.process)
    client.close()
    used = after.cpu_seconds - before.cpu_seconds
    return Ingest(samples / (after.read_at - before.read_at), used * 1e6 / samples)


def with_tail(targets: Sequence[Target]) -> list[Target]:
    """The targets with one more row each."""
    return [
        Target(
            target.name,
            target.labels,
            np.append(target.times, target.times[-1] + TAIL),
            np.concatenate([target.values, target.values[-1:]]),
        )
        for target in targets
    ]
