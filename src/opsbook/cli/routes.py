"""`opsbook routes`: where alerts go, by a configuration of Alertmanager or a book."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from opsbook.alerts.configuration.configuration import Configuration, read_configuration
from opsbook.alerts.delivery.mute import Muter
from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.routing.inhibition import Inhibitor
from opsbook.alerts.routing.matchers import format_matchers, parse_matchers
from opsbook.alerts.routing.route import Route
from opsbook.alerts.silences import Silences
from opsbook.app.book import read_book
from opsbook.core.errors import BadInputError
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.durations import format_duration

_FILE = click.Path(path_type=Path)


def _sources(command: Callable[..., None]) -> Callable[..., None]:
    config = click.option("--config", type=_FILE, help="A configuration of Alertmanager.")
    book = click.option("--book", type=_FILE, help="A book, for what it says under alerts.")
    return config(book(command))


@click.group()
def routes() -> None:
    """See where alerts go: whom the tree of routes tells, and how."""


@routes.command()
@_sources
def show(config: Path | None, book: Path | None) -> None:
    """Print the whole tree: each route's matchers, its receiver, what mutes it."""
    setup = _read(config, book).setup()
    for line in _tree(setup.root, lambda route: True):
        click.echo(line)


@routes.command()
@click.argument("labels", nargs=-1)
@_sources
def test(labels: tuple[str, ...], config: Path | None, book: Path | None) -> None:
    """Follow an alert with LABELS, such as severity=critical, through the tree.

    Prints the routes that it passes, and for each receiver that is told its group, when it is
    told, by which entries, and what mutes it now.
    """
    setup = _read(config, book).setup()
    alert = labels_of(dict(map(_label, labels)))
    found = setup.root.find(alert)
    numbers = {route.number for route in found}

    def is_passed(route: Route) -> bool:
        return any(below.number in numbers for below in route.all())

    for line in _tree(setup.root, is_passed):
        click.echo(line)
    for route in found:
        click.echo()
        for line in _told(setup, route, alert):
            click.echo(line)


def _read(config: Path | None, book: Path | None) -> Configuration:
    if config is not None and book is None:
        found = read_configuration(config)
    elif book is not None and config is None:
        found = _of_book(book)
    else:
        raise BadInputError("say whose routes: give --config FILE or --book FILE")
    for remark in found.remarks:
        click.echo(f"remark: {remark}", err=True)
    return found


def _of_book(book: Path) -> Configuration:
    alerts = read_book(book).alerts
    if alerts is None:
        raise BadInputError(f"{book} says nothing under alerts")
    return alerts.configuration()


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise BadInputError(f"{text!r} is no label: write name=value")
    if value.startswith('"'):
        value = parse_matchers(f"x={value}")[0].value
    return name, value


def _tree(route: Route, wanted: Callable[[Route], bool], lead: str = "") -> Iterator[str]:
    """A route and those below it that are wanted, one in a line."""
    further = ", then on" if route.goes_on else ""
    muting = "".join(
        f", {word} {' '.join(names)}"
        for word, names in (("muted in", route.mute), ("active in", route.active))
        if names
    )
    yield f"{lead}{format_matchers(route.matchers)}  {route.manner.receiver}{muting}{further}"
    inner = lead.replace("├", "│").replace("└", " ").replace("─", " ")
    below = [each for each in route.routes if wanted(each)]
    for each in below:
        yield from _tree(each, wanted, f"{inner}{'└' if each is below[-1] else '├'}─ ")


def _told(setup: Setup, route: Route, alert: Labels) -> Iterator[str]:
    manner, receiver = route.manner, setup.receivers[route.manner.receiver]
    wait, turn, repeat = map(
        format_duration, (manner.group_wait, manner.group_interval, manner.repeat_interval)
    )
    yield receiver.name
    yield f"  group   {route.group_key(route.group_labels(alert))}"
    yield f"  when    after {wait}; changes every {turn}; else again after {repeat}"
    for name, entry in receiver.entries.items():
        resolved = "" if entry.send_resolved else ", not when it ends"
        yield f"  by      {name} to {entry.target}{resolved}"
    if not receiver.entries:
        yield "  by      nothing: the receiver has no entries"
    if receiver.fallback:
        yield f"  else    {receiver.fallback}, when one cannot be reached"
    muting = _muted_by(setup, route)
    if muting:
        yield f"  muted   now, by {' '.join(muting)}"


def _muted_by(setup: Setup, route: Route) -> Sequence[str]:
    muter = Muter(Silences(), Inhibitor(()), setup.intervals, lambda alert: "")
    return muter.route_muted_by(route, time.time())
