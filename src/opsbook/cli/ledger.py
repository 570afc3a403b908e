"""`opsbook ledger show|verify`"""

import json
from pathlib import Path

import click

from opsbook.cli.data import data_option
from opsbook.cli.database import book_option, database_of
from opsbook.state.database import reading
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import read_entries
from opsbook.state.ledger import verify as verify_ledger


@click.group()
def ledger() -> None:
    """The append-only, hash-chained record of everything that happened."""


@ledger.command()
@data_option
@book_option
@click.option("--last", type=click.IntRange(1), default=50, show_default=True)
@click.option("--kind", help="Only entries of this kind, such as service.restart.")
@click.option("--subject", help="Only entries about this service, check or platform.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def show(
    data: DataDir,
    book: Path | None,
    last: int,
    kind: str | None,
    subject: str | None,
    as_json: bool,
) -> None:
    """Show the newest entries, oldest first."""
    with reading(database_of(data, book)) as connection:
        for entry in read_entries(connection, kind=kind, subject=subject, last=last):
            if as_json:
                click.echo(json.dumps(entry.as_dict()))
            else:
                said = " ".join(f"{k}={_shown(v)}" for k, v in json.loads(entry.body).items())
                click.echo(f"{entry.seq:>6}  {entry.at}  {entry.kind:<24} {entry.subject}  {said}")


@ledger.command()
@data_option
@book_option
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def verify(ctx: click.Context, data: DataDir, book: Path | None, as_json: bool) -> None:
    """Hold every entry against the chain; name the first that is not as it was written.

    The head printed is the fingerprint of all entries: kept elsewhere, it also proves that
    nobody wrote the whole chain anew. Exit code 0 if all is well, 2 if not.
    """
    verdict = verify_ledger(database_of(data, book))
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": verdict.problem is None,
                    "entries": verdict.entries,
                    "head": verdict.head,
                    "first_bad": verdict.bad,
                    "problem": verdict.problem,
                }
            )
        )
    elif verdict.problem is None:
        click.echo(f"{verdict.entries} entries, all as they were written; head {verdict.head}")
    else:
        click.echo(f"{verdict.problem}; the {verdict.entries} before it are as they were written")
    ctx.exit(0 if verdict.problem is None else 2)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text and " " not in text and len(text) < 60 else json.dumps(value)[:300]
