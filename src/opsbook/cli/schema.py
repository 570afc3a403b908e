"""`opsbook schema`"""

import json

import click

from opsbook.app.book import book_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of a book, with every kind, for editors.

    In a book, the line `# yaml-language-server: $schema=opsbook.schema.json` makes an editor
    that knows the YAML language server complete and check it.
    """
    click.echo(json.dumps(book_schema(), indent=2))
