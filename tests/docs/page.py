"""A page of the documentation, as the blocks in it that can be carried out."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    file for folder in ("tutorial", "howto", "why") for file in (DOCS / folder).glob("*.md")
)

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ```yaml book.yaml is a file of that name."""

    language: str
    file: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a console block and what it prints; no command: what goes on in a
    terminal where one still runs."""

    command: str | None
    output: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in their order. Raises ValueError for one without a language."""
    text = page.read_text(encoding="utf-8")
    found = [Block(*match.groups()) for match in _BLOCK.finditer(text)]
    if len(re.findall(r"^```", text, re.MULTILINE)) != 2 * len(found):
        raise ValueError(f"{page}: a block without a language, or without its end")
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a console block; `^C` counts as one."""
    found: list[Step] = []
    command: str | None = None
    output: list[str] = []
    for line in [*block.text.splitlines(), "$ "]:
        begins = line.startswith("$ ") or line == "^C"
        if begins:
            if command is not None or output:
                found.append(Step(command, "\n".join(output)))
            command, output = line.removeprefix("$ "), []
        else:
            output.append(line)
    return found
