"""Deleted ranges in blocks: applied when they are read, carried out when they are merged."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.block import sync_directory
from opsbook.metrics.storage.chunk import DamagedError, seal, unseal
from opsbook.metrics.storage.holdings import Holdings
from opsbook.metrics.storage.part import Hole
from opsbook.metrics.store import Problem


@dataclass(frozen=True, slots=True)
class Deletion:
    matchers: tuple[Matcher, ...]
    start: int
    end: int
    blocks: tuple[str, ...]
    """The files that were there then: what came later is not meant."""


class Deletions:
    """Kept in one file, which is replaced as a whole."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path = path
        self._all = _load(path, problems)

    def add(self, deletion: Deletion) -> None:
        """On return it survives a loss of power. Raises OSError."""
        self._save([*self._all, deletion])

    def keep_only(self, blocks: Iterable[str]) -> None:
        """Forget about blocks that are no more. Raises OSError."""
        left = set(blocks)
        kept = [
            Deletion(one.matchers, one.start, one.end, tuple(b for b in one.blocks if b in left))
            for one in self._all
        ]
        kept = [one for one in kept if one.blocks]
        if kept != self._all:
            self._save(kept)

    def apply(self, holdings: Holdings) -> None:
        """To all blocks, after they were opened."""
        for deletion in self._all:
            punch(holdings, deletion)

    def _save(self, deletions: list[Deletion]) -> None:
        said = [
            {
                "matchers": [[one.name, one.op, one.value] for one in deletion.matchers],
                "range": [deletion.start, deletion.end],
                "blocks": deletion.blocks,
            }
            for deletion in deletions
        ]
        fresh = self._path.with_suffix(".new")
        try:
            fresh.touch(mode=0o600)
            with fresh.open("wb") as file:
                file.write(seal(json.dumps(said).encode()))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        finally:
            fresh.unlink(missing_ok=True)
        sync_directory(self._path.parent)
        self._all = deletions


def punch(holdings: Holdings, deletion: Deletion) -> None:
    """Make the holes in the blocks that it names."""
    ids = holdings.index.match(deletion.matchers)
    hole = Hole(ids, deletion.start, deletion.end)
    for group in holdings.groups.values():
        for part in group.parts:
            overlaps = part.first <= deletion.end and part.last >= deletion.start
            if overlaps and part.block.path.name in deletion.blocks:
                part.holes = (*part.holes, hole)


def _load(path: Path, problems: list[Problem]) -> list[Deletion]:
    try:
        said = json.loads(unseal(path.read_bytes()))
        return [
            Deletion(
                tuple(Matcher(*one) for one in entry["matchers"]),
                entry["range"][0],
                entry["range"][1],
                tuple(entry["blocks"]),
            )
            for entry in said
        ]
    except FileNotFoundError:
        return []
    except DamagedError as error:
        aside = path.with_name(path.name + ".damaged")
        path.replace(aside)
        text = f"deletions, set aside: {error}; samples deleted lately may be seen again"
        problems.append(Problem(aside, 0, text))
        return []
