"""`opsbook restore SET`: works with a book and a destination alone, for the day after."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from opsbook.app.backups import record_restore
from opsbook.app.book import Book, read_book
from opsbook.backups.manifest import BYTES_THERE
from opsbook.backups.restoring import Chosen, choose, sweep_restores
from opsbook.backups.restoring import restore as bring_back
from opsbook.backups.settings import SetSettings
from opsbook.backups.vault import bound
from opsbook.cli.ask import address_of, tell
from opsbook.cli.data import data_option
from opsbook.cli.progress import progress
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.secrets import Secret
from opsbook.core.units import format_duration, format_size
from opsbook.state.datadir import DataDir

_TOLD = 20
"""Counts that are shown; the rest is summed up."""


@click.command()
@click.argument("name", metavar="SET")
@click.option(
    "--book",
    "file",
    type=click.Path(path_type=Path),
    envvar="OPSBOOK_BOOK",
    required=True,
    help="The book that declares SET [$OPSBOOK_BOOK].",
)
@click.option("--target", required=True, help="A new database, directory or file.")
@click.option("--backup", "number", default="", help="Which one, instead of the newest.")
@click.option("--from", "destination", default="", help="From which destination.")
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file with age's private key, instead of the book's.",
)
@click.option("--do", is_flag=True, help="Restore; else only say what would be done.")
@data_option
def restore(
    name: str,
    file: Path,
    target: str,
    number: str,
    destination: str,
    identity: Path | None,
    do: bool,
    data: DataDir,
) -> None:
    """Bring a backup of SET back into a new place; what is there is never replaced.

    It needs no running opsbook. Without --do nothing is made.
    """
    book = read_book(file)
    sets = book.backups.sets if book.backups else {}
    if book.backups is None or name not in sets:
        raise BadInputError(f"no such backup set: {name!r}; known: {', '.join(sets) or 'none'}")
    for each in sweep_restores():
        click.echo(f"removed {each}, left by a restore that died", err=True)
    settings, places = sets[name], bound(book.backups, book.platform.name)
    chosen = choose(name, settings, places, book.platform.name, number, destination)
    _show(chosen, settings, target)
    if not do:
        click.echo("nothing was made; --do restores it")
        return
    key = Secret(f"file:{identity.absolute()}") if identity else book.backups.identity
    began = time.monotonic()
    with progress() as shown:
        made = bring_back(chosen, settings, places[chosen.destination], key, target, shown)
    seconds = round(time.monotonic() - began, 3)
    click.echo(f"made: {made} in {format_duration(seconds)}")
    body = {
        "backup": chosen.manifest.id,
        "destination": chosen.destination,
        "target": target,
        "made": made,
        "seconds": seconds,
    }
    _write_down(book, data, name, body)


def _show(chosen: Chosen, settings: SetSettings, target: str) -> None:
    manifest = chosen.manifest
    for each in chosen.passed_over:
        click.echo(f"passed over: {each}", err=True)
    click.echo(f"backup      {manifest.set}/{manifest.id} at {chosen.destination}")
    click.echo(f"made        {manifest.ended_at} on {manifest.host}")
    click.echo(f"state of    {manifest.consistent_at or 'no single moment'}")
    click.echo(f"source      {manifest.kind}: {manifest.source}")
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    click.echo(f"versions    {versions or '-'}")
    there = manifest.details.get(BYTES_THERE)
    whole = f", {format_size(there)} where it lived" if there else ""
    click.echo(f"size        {format_size(chosen.content_bytes)}{whole}{_room(target)}")
    counts = list(manifest.counts.items())
    for name, count in counts[:_TOLD]:
        click.echo(f"  {count:>12} {name}")
    if len(counts) > _TOLD:
        click.echo(f"  and {len(counts) - _TOLD} more")
    click.echo(f"target      {target}, which must be new or empty ({settings.source.subject})")


def _room(target: str) -> str:
    """Where the target is a path: what is free there."""
    above = Path(target).absolute().parent
    if "/" not in target or not above.is_dir():
        return ""
    return f", {format_size(shutil.disk_usage(above).free)} free in {above}"


def _write_down(book: Book, data: DataDir, name: str, body: dict[str, Any]) -> None:
    """In the ledger of whoever runs here, or our own; that it is restored counts for more."""
    try:
        if data.address() is not None:
            tell(address_of(data, None), f"/api/backups/{quote(name)}/restores", body)
        else:
            asyncio.run(record_restore(book, data, name, body))
    except OpsbookError as error:
        click.echo(f"restored, but not in the ledger: {error}", err=True)
