"""`python -m scripts.openapi > docs/reference/openapi.json`, and `--check` for a test."""

import json
from pathlib import Path

import click

from scripts.everything import everything

FILE = Path(__file__).parents[1] / "docs/reference/openapi.json"


def openapi_text() -> str:
    """The API's document, of a book for which every route is there."""
    with everything() as app:
        return json.dumps(app.front.api.openapi(), indent=2, ensure_ascii=False) + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Print nothing; exit with 1 where the file is stale.")
@click.pass_context
def main(ctx: click.Context, check: bool) -> None:
    """Print the API's document."""
    expected = openapi_text()
    if not check:
        click.echo(expected, nl=False)
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != expected:
        click.echo(f"{FILE.name} is stale: run python -m scripts.openapi > {FILE}", err=True)
        ctx.exit(1)


if __name__ == "__main__":
    main()
