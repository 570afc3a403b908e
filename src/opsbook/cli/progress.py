"""How far something is: a bar on a terminal, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str, int, int | None], None]
"""What it is about, bytes done, bytes in all where they are known."""


@contextmanager
def progress() -> Iterator[Tell]:
    """What to call with each state of it."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    # Rich costs 60 ms, which whoever asks from a script would pay for nothing.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as shown:
        task = shown.add_task("waiting", total=None)

        def tell(what: str, done: int, total: int | None) -> None:
            shown.update(task, description=what, completed=done, total=total)

        yield tell
