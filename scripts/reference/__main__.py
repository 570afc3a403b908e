"""`python -m scripts.reference [--check]`"""

from pathlib import Path

import click

from scripts.reference.pages import pages

REFERENCE = Path(__file__).parents[2] / "docs/reference"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name each stale page and exit with 1.")
@click.pass_context
def main(ctx: click.Context, check: bool) -> None:
    """Write docs/reference/ from the code."""
    expected = {REFERENCE / name: text for name, text in pages().items()}
    stale = sorted(_stale(expected))
    for file in stale:
        shown = file.relative_to(REFERENCE.parents[1])
        if check:
            click.echo(f"{shown} is stale: run python -m scripts.reference", err=True)
        else:
            _write(file, expected.get(file))
            click.echo(shown)
    ctx.exit(1 if check and stale else 0)


def _stale(expected: dict[Path, str]) -> set[Path]:
    """Pages that are not as the code has them, and files that are no page at all."""
    there = {file for file in REFERENCE.rglob("*") if file.is_file()}
    return {
        file
        for file in there | set(expected)
        if file not in there or file.read_text(encoding="utf-8") != expected.get(file)
    }


def _write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
