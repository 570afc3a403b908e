"""Every page of the reference."""

from scripts.openapi import openapi_text
from scripts.reference.book import book_page
from scripts.reference.commands import commands_page
from scripts.reference.http import http_page
from scripts.reference.kinds import kind_page
from scripts.reference.ledger import ledger_page
from scripts.reference.markdown import first_line, page, table
from scripts.reference.places import section_page, shared_sections
from scripts.reference.plugs import PLUGS, Plug


def pages() -> dict[str, str]:
    """Path below docs/reference → text."""
    plugged = [(plug, kind, cls) for plug in PLUGS for kind, cls in plug.each()]
    shared = shared_sections(cls for _, _, cls in plugged)
    return {
        "README.md": _index(),
        "book.md": book_page(),
        "commands.md": commands_page(),
        "http.md": http_page(),
        "ledger.md": ledger_page(),
        "openapi.json": openapi_text(),
        **{f"sections/{name}.md": section_page(cls) for name, cls in shared},
        **{
            f"{plug.folder}/{kind}.md": kind_page(plug, kind, plug.example(kind))
            for plug, kind, _ in plugged
        },
    }


def _index() -> str:
    parts = []
    for plug in PLUGS:
        parts += [f"## {plug.heading}", table(("kind", ""), _listed(plug))]
    return page(
        "Reference",
        "- [The book](book.md): every section and setting\n"
        "- [Commands](commands.md)\n"
        "- [HTTP paths and metrics](http.md)\n"
        "- [The ledger](ledger.md)",
        *parts,
    )


def _listed(plug: Plug) -> list[tuple[str, str]]:
    return [
        (f"[`{kind}`]({plug.folder}/{kind}.md)", plug.about(kind) or first_line(cls))
        for kind, cls in plug.each()
    ]
