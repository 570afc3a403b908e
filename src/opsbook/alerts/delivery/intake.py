"""Alerts as they arrive → alerts that may be kept, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass

from opsbook.alerts.model import Alert
from opsbook.core.errors import BadInputError
from opsbook.core.labels import Labels, labels_of

_MOST_LABELS = 128
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """One alert as somebody sends it. Times in seconds since 1970; None where not given."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float | None = None
    ends_at: float | None = None
    generator_url: str = ""


def admitted(report: Report, now: float, resolve_timeout: float) -> Alert:
    """The alert that a report tells of. Raises BadInputError."""
    starts, ends = report.starts_at, report.ends_at
    if starts is None:
        starts = now if ends is None else ends
    if ends is not None and ends < starts:
        raise BadInputError("start time must be before end time")
    return Alert(
        labels=_checked(report.labels, "label", "at least one label pair required"),
        annotations=_checked(report.annotations, "annotation", ""),
        starts_at=starts,
        ends_at=now + resolve_timeout if ends is None else ends,
        updated_at=now,
        generator_url=report.generator_url,
        timeout=ends is None,
    )


def _checked(pairs: Mapping[str, str], noun: str, needed: str) -> Labels:
    found = labels_of(pairs)
    if needed and not found:
        raise BadInputError(needed)
    if len(found) > _MOST_LABELS:
        raise BadInputError(f"{len(found)} {noun}s, more than {_MOST_LABELS}")
    for name, value in found:
        if not name:
            raise BadInputError(f"a {noun} without a name")
        if len(name) + len(value) > _LONGEST:
            raise BadInputError(f"{noun} {name[:50]!r} is longer than {_LONGEST} characters")
    return found
