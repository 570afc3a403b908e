"""`python -m bench.metrics`: a day of samples in three stores."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from shutil import copytree
from typing import Any

import click

from bench.machine import described, introduce, machine, versions
from bench.metrics import ingest, scraping
from bench.metrics.agreement import answer, verdicts
from bench.metrics.client import Client
from bench.metrics.contestant import Contestant, Kept
from bench.metrics.data import STEP, Span, Target, span, targets
from bench.metrics.opsbook import Opsbook
from bench.metrics.prometheus import Prometheus
from bench.metrics.queries import Query, queries
from bench.metrics.start import Start, first_answer, peak
from bench.metrics.timing import Variant, as_json, print_times, timed
from bench.metrics.victoria import Victoria
from bench.processes import scratch, usage_of
from bench.table import Cell, print_table, say, write_json

_OTHERS: tuple[type[Contestant], ...] = (Prometheus, Victoria)
_NO_CACHE = "opsbook, cache: 0"


@click.command()
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(9, 1000))
@click.option("--quick", is_flag=True, help="Eight hours of samples: only to see that it works.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(rounds: int, quick: bool, file: Path | None) -> None:
    """2,100 series at 15 s for a day in opsbook, Prometheus and VictoriaMetrics: queries over HTTP,
    bytes on disk, memory, the time to start, and what it costs to take samples.
    """
    covered = span(8 if quick else 24)
    found = machine()
    of = versions(
        prometheus=["prometheus", "--version"],
        # Debian's VictoriaMetrics does not say its version itself.
        victoria_metrics=["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"],
    )
    introduce(found, of)
    every = list(targets(covered))
    samples = sum(target.values.size for target in every)
    print(f"{samples:,} samples: {covered.rows:,} of each series, one every {STEP // 1000} s")
    with scratch() as place:
        stores = _filled(place, every, covered)
        kept = {name: store.kept(place / name) for name, store in stores.items()}
        _print_kept(kept, samples)
        results = _compared(stores, place, every, covered, rounds)
        taking = ingest.measured(stores, place, every)
        ingest.print_ingest(taking)
        scraped = scraping.measured(stores, place, 5 if quick else 30)
        scraping.print_scraping(scraped)
    write_json(
        file,
        described(found, of)
        | {"samples": samples, "kept": {name: asdict(each) for name, each in kept.items()}}
        | results
        | {"ingest": ingest.as_json(taking), "scraping": scraping.as_json(scraped)},
    )


def _filled(place: Path, every: Sequence[Target], covered: Span) -> dict[str, Contestant]:
    stores: dict[str, Contestant] = {}
    for store in (Opsbook(), *(kind() for kind in _OTHERS)):
        if reason := store.missing():
            say(f"without {store.name}: {reason}")
            continue
        say(f"filling {store.name}")
        (place / store.name).mkdir()
        store.fill(place / store.name, every, covered)
        stores[store.name] = store
    return stores


def _compared(
    stores: dict[str, Contestant],
    place: Path,
    every: Sequence[Target],
    covered: Span,
    rounds: int,
) -> dict[str, Any]:
    """All run at the same time and are asked in turn."""
    asked = queries(covered)
    copytree(place / "opsbook", place / _NO_CACHE)
    stores = {**stores, _NO_CACHE: Opsbook(cache="0 MiB")}
    with ExitStack() as stack:
        starts, variants = {}, []
        for name, store in stores.items():
            say(f"starting {name}")
            with store.serving(place / name) as first:
                first_answer(first, asked[0])  # the very first start has files of its own to make
            server = stack.enter_context(store.serving(place / name))
            starts[name] = first_answer(server, asked[0])
            variants.append(Variant(name, server, {}))
            if name in (Opsbook.name, Victoria.name):
                variants.append(Variant(f"{name}, no cache", server, {"nocache": "1"}))
        agreement = {query.name: list(_agreed(query, variants, every, covered)) for query in asked}
        print("\nDo they agree?")
        for query, lines in agreement.items():
            print("\n".join(f"  {query}: {line}" for line in lines))
        say("asking")
        times = {query.name: timed(query, variants, rounds) for query in asked}
        print_times(times, asked)
        memory = {
            variant.name: (usage_of(variant.server.process).memory_bytes, peak(variant.server))
            for variant in variants
            if not variant.parameters
        }
    _print_starts(starts, memory)
    return {
        "agreement": agreement,
        "queries": as_json(times),
        "starts": {name: asdict(each) for name, each in starts.items()},
        "memory_bytes": memory,
    }


def _agreed(
    query: Query, variants: Sequence[Variant], every: Sequence[Target], covered: Span
) -> Iterator[str]:
    said = {
        variant.name: answer(Client(variant.server.port), query)
        for variant in variants
        if not variant.parameters
    }
    yield from verdicts(query, said, every, covered)


def _print_kept(kept: dict[str, Kept], samples: int) -> None:
    ours = kept["opsbook"].bytes
    rows: list[list[Cell]] = [
        [name, each.bytes / samples, each.bytes / 1e6, each.bytes / ours, each.note]
        for name, each in kept.items()
    ]
    print_table("On disk", ("store", "bytes a sample", "MB", "×", "what"), rows)


def _print_starts(starts: dict[str, Start], memory: dict[str, tuple[int, int]]) -> None:
    rows: list[list[Cell]] = [
        [
            name,
            start.seconds * 1000,
            start.cpu_seconds,
            start.memory_bytes / 1e6,
            memory[name][0] / 1e6,
            memory[name][1] / 1e6,
        ]
        for name, start in starts.items()
    ]
    head = ("store", "first answer, ms", "CPU s", "RSS MB then", "after all", "at most")
    print_table("From its start to the first answer, and memory", head, rows)
    print("  RSS counts the pages of files that are mapped, of which VictoriaMetrics has many.")


main()
