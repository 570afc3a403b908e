"""Every page of the reference."""

from opsbook.metrics.store import store_kinds
from opsbook.probes.probe import probe_kinds
from opsbook.services.controller import controller_kinds
from scripts.reference.book import book_page
from scripts.reference.commands import commands_page
from scripts.reference.http import http_page
from scripts.reference.kinds import controller_page, example, probe_page, store_page
from scripts.reference.ledger import ledger_page
from scripts.reference.markdown import first_line, page, table
from scripts.reference.settings import section_page, shared_sections


def pages() -> dict[str, str]:
    """Path below docs/reference → text."""
    probes, controllers = probe_kinds.names(), controller_kinds.names()
    stores = store_kinds.names()
    kinds = [
        *map(probe_kinds.load, probes),
        *map(controller_kinds.load, controllers),
        *map(store_kinds.load, stores),
    ]
    return {
        "README.md": _index(),
        "book.md": book_page(),
        "commands.md": commands_page(),
        "http.md": http_page(),
        "ledger.md": ledger_page(),
        **{f"sections/{name}.md": section_page(cls) for name, cls in shared_sections(kinds)},
        **{f"probes/{kind}.md": probe_page(kind, example("probes", kind)) for kind in probes},
        **{
            f"controllers/{kind}.md": controller_page(kind, example("controllers", kind))
            for kind in controllers
        },
        **{f"stores/{kind}.md": store_page(kind, example("stores", kind)) for kind in stores},
    }


def _index() -> str:
    probes = [
        (f"[`{kind}`](probes/{kind}.md)", first_line(probe_kinds.load(kind)))
        for kind in probe_kinds.names()
    ]
    controllers = [
        (f"[`{kind}`](controllers/{kind}.md)", first_line(controller_kinds.load(kind)))
        for kind in controller_kinds.names()
    ]
    stores = [
        (f"[`{kind}`](stores/{kind}.md)", first_line(store_kinds.load(kind)))
        for kind in store_kinds.names()
    ]
    return page(
        "Reference",
        "- [The book](book.md): every section and setting\n"
        "- [Commands](commands.md)\n"
        "- [HTTP paths and metrics](http.md)\n"
        "- [The ledger](ledger.md)",
        "## Probe kinds",
        table(("kind", ""), probes),
        "## Controllers",
        table(("kind", ""), controllers),
        "## Stores of samples",
        table(("kind", ""), stores),
    )
