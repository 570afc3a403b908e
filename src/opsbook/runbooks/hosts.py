"""The book's `hosts:` — further machines on which steps are carried out, by agents."""

from collections.abc import Mapping

from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted


class HostSettings(Section):
    """A machine on which `opsbook agent BOOK --host NAME` runs."""

    description: str = ""
    """What the machine is for."""


def queue_of(host: str) -> str:
    """Where the steps of a host wait for its agent."""
    return f"host.{host}"


def host_problems(hosts: Mapping[str, HostSettings], shared: bool, source: Source) -> list[Problem]:
    """Agents take their steps from a database that they can reach: `shared` says if it is one."""
    if not hosts or shared:
        return []
    what = "steps of further hosts need a database that their agents can reach"
    remedy = "write `state: {database: postgresql://…}`, or remove `hosts`"
    return [Problem(source.mark(("hosts",)), dotted(("hosts",)), what, remedy)]
