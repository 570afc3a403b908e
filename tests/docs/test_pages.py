"""Every example in the documentation does what the page says."""

import re
from pathlib import Path

import pytest

from opsbook.app.book import read_book
from tests.book.books import write_book
from tests.docs.page import DOCS, PAGES, Block, blocks
from tests.docs.secrets import set_secrets
from tests.docs.session import Session
from tests.requirement import needs_program

PACKAGES = {"curl": "curl", "promtool": "prometheus"}
"""Programs that pages use, and the Debian packages which they are in."""
NAMES = [str(page.relative_to(DOCS)) for page in PAGES]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_does_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = blocks(DOCS / name)
    for program, package in PACKAGES.items():
        if any(f"{program} " in block.text for block in found if block.language == "console"):
            needs_program(program, package)
    adds = any((block.file or "").startswith("src/") for block in found)
    session = Session(tmp_path, checkout=adds)
    try:
        for number, block in enumerate(found):
            if block.file is not None:
                session.write(block)
            elif block.language == "console":
                session.follow(block)
            elif block.language == "yaml":
                set_secrets(block.text, monkeypatch)
                read_book(write_book(tmp_path, block.text, f"{number}.yaml"))
    finally:
        session.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_block_is_one_that_is_carried_out(name: str) -> None:
    found = blocks(DOCS / name)
    for block in found:
        others = "\n".join(other.text for other in found if other is not block)
        assert _is_carried_out(block, others), block


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({name})" not in index] == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), target
        if anchor:
            assert anchor in _anchors(there), target


def _is_carried_out(block: Block, others: str) -> bool:
    """A file has to be named by a command, or by another file."""
    if block.file is None:
        return block.language in ("yaml", "console")
    return block.file in others or f"{Path(block.file).parent}/*" in others


def _anchors(page: Path) -> set[str]:
    """Anchors of headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
