"""All that the embedded store holds: groups, series, blocks; and the lock over it."""

import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.storage.block import Block, Section
from opsbook.metrics.storage.group import EVER, Group
from opsbook.metrics.storage.index import Index
from opsbook.metrics.storage.part import Part
from opsbook.metrics.store import Problem


class Holdings:
    """`lock` is held for moments only: while rows are added, and while one group is exchanged."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.index = Index()
        self.groups: dict[str, Group] = {}
        self.blocks: dict[str, Block] = {}
        """By the name of the file."""
        self.problems: list[Problem] = []
        self.refused: Counter[str] = Counter()

    def group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group(name))

    def add_block(self, block: Block) -> None:
        self.exchange([], [block], {})

    def exchange(self, old: list[Block], new: list[Block], rows: Mapping[str, int]) -> None:
        """Blocks in place of others, and of so many rows of the heads of groups.

        Each group changes at once, one after the other, so that nobody waits long.
        """
        parts = [
            Part(block, section, self._numbers(section))
            for block in new
            for section in block.sections
        ]
        names = {section.group for block in old for section in block.sections}
        names.update(part.section.group for part in parts)
        for name in names:
            mine = [part for part in parts if part.section.group == name]
            with self.lock:
                self._exchange(self.group(name), old, mine, rows.get(name, 0))
        with self.lock:
            for block in old:
                self.blocks.pop(block.path.name, None)
            self.blocks.update((block.path.name, block) for block in new)

    def _numbers(self, section: Section) -> NDArray[np.int64]:
        """Of its series. Found for some at a time, since others wait; only `forget_dead` takes a
        number away, and never while blocks are exchanged."""
        numbers: list[int] = []
        for chunk in section.chunks:
            with self.lock:
                numbers += [self.index.add(section.group, one) for one in chunk.labels]
        return np.array(numbers, np.int64)

    def _exchange(self, group: Group, old: list[Block], new: list[Part], rows: int) -> None:
        for part in group.parts:
            if part.block in old:
                group.detach(part)
        for part in new:
            group.floor = max(group.floor, part.section.floor)
            group.newest = max(group.newest, part.last)
            if len(part.ids):
                group.attach(part)
        if rows:
            group.drop(rows)

    def remove_block(self, block: Block) -> None:
        self.exchange([block], [], {})

    def parts_of(self, block: Block) -> list[Part]:
        return [
            part for group in self.groups.values() for part in group.parts if part.block is block
        ]

    def set_aside(self, block: Block, text: str) -> None:
        """A damaged block is read no more; it stays on disk under another name."""
        with self.lock:
            if block.path.name not in self.blocks:
                return
            self.remove_block(block)
            for section in block.sections:
                self.groups[section.group].changed(EVER)
            self.problems.append(rename_damaged(block.path, text))

    def forget_dead(self) -> None:
        """Series without a sample anywhere leave the index, and groups without series."""
        with self.lock:
            alive: set[int] = set()
            for group in list(self.groups.values()):
                alive.update(group.head.snapshot().ids.tolist())
                for part in group.parts:
                    alive.update(part.ids.tolist())
                if not group.parts and not group.head.count:
                    del self.groups[group.name]
                    group.generation += 1
            dead = [number for number in self.index.labels if number not in alive]
            if dead:
                self.index.remove(dead)


def rename_damaged(path: Path, text: str) -> Problem:
    aside = path.with_name(path.name + ".damaged")
    path.replace(aside)
    return Problem(aside, 0, f"damaged block, set aside: {text}; what it held cannot be read")
