"""`python -m scripts.conformance DIR`"""

from pathlib import Path
from typing import get_args

import click
from tests.metrics.memory import Layout
from tests.metrics.promql.runner import run_file
from tests.metrics.promql.script import ScriptError


@click.command()
@click.argument("corpus", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_context
def main(ctx: click.Context, corpus: Path) -> None:
    """Run every Prometheus test script (.test) in CORPUS, each in both layouts of a store."""
    passed = failed = 0
    for file in sorted(corpus.glob("*.test")):
        try:
            found = [dict(run_file(file, layout)) for layout in get_args(Layout)]
        except ScriptError as error:
            click.echo(f"{file}:{error}")
            failed += 1
            continue
        for line in found[0]:
            wrong = next((each[line] for each in found if each[line]), "")
            failed += bool(wrong)
            passed += not wrong
            if wrong:
                click.echo(f"{file}:{line}: {wrong}")
    click.echo(f"{passed} passed, {failed} failed")
    ctx.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
