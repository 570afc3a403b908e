"""What must hold between the drills of a book and the rest of it."""

from collections.abc import Collection, Mapping

from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.drills.settings import DrillSettings


def drill_problems(
    drills: Mapping[str, DrillSettings],
    services: Mapping[str, object],
    checks: Mapping[str, object],
    receivers: Collection[str],
    runbooks: Mapping[str, object],
    source: Source,
) -> list[Problem]:
    """Names that stand for nothing, and drills that nothing could detect."""
    problems = []
    for name, drill in drills.items():
        at: Path_ = ("drills", name)
        if (named := drill.fault.target()) is not None:
            place = (*at, drill.kind, "service")
            problems += unknown_names(place, [named], services, source)
        if drill.service is not None:
            problems += unknown_names((*at, "service"), [drill.service], services, source)
        if (exercise := drill.fault.exercise()) is not None:
            place = (*at, drill.kind, "name")
            problems += unknown_names(place, [exercise.runbook], runbooks, source)
        problems += _undetected(drill, (*at, "expect"), checks, source)
        if (told := drill.expect.notified) is not None:
            place = (*at, "expect", "notified", "receiver")
            problems += unknown_names(place, [told.receiver], dict.fromkeys(receivers), source)
    return problems


def _undetected(
    drill: DrillSettings, at: Path_, checks: Mapping[str, object], source: Source
) -> list[Problem]:
    detected, place = drill.expect.detected, (*at, "detected")
    if detected is None:
        if drill.fault.exercise() is not None:
            return []
        what, remedy = "nobody has to detect it", "say `detected: {within: …}`"
        return [Problem(source.mark(at), dotted(at), what, remedy)]
    if not detected.by and drill.target is None:
        what = "nothing could detect it: the drill is about no service"
        return [Problem(source.mark(place), dotted(place), what, "name the checks in `by`")]
    return unknown_names((*place, "by"), detected.by, checks, source)
