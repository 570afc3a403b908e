"""What must hold between the sets of a book's backups and its destinations."""

from opsbook.backups.settings import BackupSettings
from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted


def backup_problems(backups: BackupSettings | None, source: Source) -> list[Problem]:
    """Unknown destinations, and drills for which the private key is missing."""
    if backups is None:
        return []
    problems = []
    for name, each in backups.sets.items():
        at: Path_ = ("backups", "sets", name)
        problems += unknown_names((*at, "to"), each.to, backups.destinations, source)
        if each.drill is not None and backups.recipients and backups.identity is None:
            what = "its backups are encrypted and nobody here can read them"
            place = (*at, "drill")
            remedy = "give backups.identity, or leave the drill to another machine"
            problems.append(Problem(source.mark(place), dotted(place), what, remedy))
    return problems
