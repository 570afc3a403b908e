"""A process that rehearses and stays in it until it is killed: `KIND SETTINGS DIRECTORY`.

DIRECTORY holds the files of a backup; its facts are in `facts.json` beside it.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.source import Facts
from tests.backups.sources.work import make_source, make_work


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def main(kind: str, settings: str, directory: Path) -> None:
    source = make_source(kind, json.loads(settings))
    files = {path.name: partial(_open, path) for path in directory.iterdir()}
    facts = Facts(**json.loads((directory.parent / "facts.json").read_text()))
    with source.rehearse(files, facts, make_work(directory.parent / "scratch")) as restored:
        sys.stdout.write(f"{restored.place}\n")
        sys.stdout.flush()
        time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
