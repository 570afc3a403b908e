"""What must hold between `incidents:` and the rest of a book."""

from collections.abc import Collection, Iterable

from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import nearest
from opsbook.incidents.settings import IncidentSettings

_AT: Path_ = ("incidents",)


def incident_problems(
    settings: IncidentSettings | None, receivers: Collection[str], source: Source
) -> list[Problem]:
    """Names that stand for nothing or for two things, and levels that are out of order."""
    if settings is None:
        return []
    return [
        *_contacts(settings, receivers, source),
        *_levels(settings, source),
        *_severities(settings, source),
    ]


def _contacts(
    settings: IncidentSettings, receivers: Collection[str], source: Source
) -> Iterable[Problem]:
    for name, contact in settings.contacts.items():
        if contact.receiver not in receivers:
            path = (*_AT, "contacts", name, "receiver")
            known = ", ".join(sorted(receivers)) or "none"
            yield _problem(
                path,
                f"no such receiver of alerts (got {contact.receiver!r})",
                _meant(contact.receiver, receivers, f"known: {known}"),
                source,
            )


def _levels(settings: IncidentSettings, source: Source) -> Iterable[Problem]:
    before, names = 0.0, set[str]()
    for index, level in enumerate(settings.escalation):
        path = (*_AT, "escalation", index)
        yield from unknown_names((*path, "contacts"), level.contacts, settings.contacts, source)
        if level.after < before:
            what = f"earlier than the level before it (got {level.after:g} s after {before:g} s)"
            yield _problem((*path, "after"), what, "put the levels in order", source)
        if level.name in names:
            yield _problem((*path, "name"), f"two levels (got {level.name!r})", "rename", source)
        before = max(before, level.after)
        names.add(level.name)


def _severities(settings: IncidentSettings, source: Source) -> Iterable[Problem]:
    owners = {name.lower(): name for name in settings.severities}
    for name, severity in settings.severities.items():
        for index, alias in enumerate(severity.aliases):
            owner = owners.setdefault(alias.lower(), name)
            if owner != name:
                path = (*_AT, "severities", name, "aliases", index)
                yield _problem(path, f"two severities (got {alias!r})", f"{owner} has it", source)
    wanted: dict[Path_, str] = {}
    if "severity_labels" in settings.model_fields_set:
        labels = settings.severity_labels
        wanted |= {(*_AT, "severity_labels", label): each for label, each in labels.items()}
    if settings.default_severity:
        wanted[(*_AT, "default_severity")] = settings.default_severity
    for path, severity_name in wanted.items():
        if severity_name not in settings.severities:
            known = f"known: {', '.join(settings.severities)}"
            what = f"no such severity (got {severity_name!r})"
            yield _problem(path, what, _meant(severity_name, settings.severities, known), source)


def _meant(name: str, known: Iterable[str], otherwise: str) -> str:
    meant = nearest(name, known)
    return f"did you mean {meant}?" if meant else otherwise


def _problem(path: Path_, what: str, remedy: str, source: Source) -> Problem:
    return Problem(source.mark(path), dotted(path), what, remedy)
