"""Holding a backup against its manifest, at three depths: check, open, restore."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.envelope import ManifestError
from opsbook.backups.listing import read_manifest
from opsbook.backups.manifest import Manifest
from opsbook.backups.opening import DamagedError, NoIdentityError, Opened
from opsbook.backups.settings import Assertion, ExpectedValue, RestoreDrill, SetSettings
from opsbook.backups.source import Facts, Restored, SourceError, Work
from opsbook.backups.tools.flow import go_on
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.secrets import Secret
from opsbook.core.units import format_duration

_DRAIN = 1 << 20
_TOLD = 5
"""Counts that differ and are named; more are counted."""


class Depth(StrEnum):
    """How far a verification goes."""

    CHECK = "check"
    """Every byte against the manifest; needs no key."""
    OPEN = "open"
    """Each file readable to its end, by the tools of its kind."""
    RESTORE = "restore"
    """Restored into a throwaway place, and asked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    depth: Depth
    ok: bool | None
    """None where it could not be found out."""
    message: str
    damaged: bool = False
    """Whether bytes of it are not those that were written: only then it counts for nothing."""
    evidence: dict[str, Any] = field(default_factory=dict)
    """What was measured and compared, as JSON."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Verification:
    """Verifies one backup at one destination. Blocks; never raises for what it looks for."""

    def __init__(
        self,
        settings: SetSettings,
        destination: Destination,
        set_name: str,
        backup: str,
        identity: Secret | None,
        work: Work,
    ) -> None:
        self._settings = settings
        self._destination = destination
        self._set = set_name
        self._backup = backup
        self._identity = identity
        self._work = work

    def run(self, depth: Depth) -> Verdict:
        began = time.monotonic()
        verdict = self._judged(depth)
        verdict.evidence["duration_seconds"] = round(time.monotonic() - began, 3)
        return verdict

    def _judged(self, depth: Depth) -> Verdict:
        try:
            manifest = read_manifest(self._destination, self._set, self._backup)
            opened = Opened(self._destination, manifest, self._identity)
            return self._actions[depth](opened)
        except (DamagedError, ManifestError) as error:
            return Verdict(depth, False, str(error), damaged=True)
        except FileNotFoundError:
            return Verdict(depth, False, "it has no manifest: it is no backup")
        except (DestinationError, NoIdentityError, BadInputError) as error:
            return Verdict(depth, None, str(error))
        except (OpsbookError, OSError) as error:
            return self._why(depth, error)

    @property
    def _actions(self) -> Mapping[Depth, Callable[[Opened], Verdict]]:
        return {Depth.CHECK: self._check, Depth.OPEN: self._open, Depth.RESTORE: self._restore}

    def _why(self, depth: Depth, error: Exception) -> Verdict:
        """Whether bytes are wrong, where something else complained first."""
        if self._work.stopping.is_set():
            return Verdict(depth, None, str(error))
        bytes_of_it = self._judged(Depth.CHECK) if depth is not Depth.CHECK else None
        if bytes_of_it is not None and bytes_of_it.damaged:
            return Verdict(depth, False, f"{error}: {bytes_of_it.message}", damaged=True)
        return Verdict(depth, False, str(error))

    def _check(self, opened: Opened) -> Verdict:
        total, before = sum(file.size for file in opened.manifest.files), 0
        for file in opened.manifest.files:

            def seen(done: int, name: str = file.name, before: int = before) -> None:
                go_on(self._work, name)
                self._work.progress(f"checking {name}", before + done, total)

            opened.check(file, seen)
            before += file.size
        count = len(opened.manifest.files)
        evidence = {"files": count, "size_bytes": total}
        return Verdict(Depth.CHECK, True, f"all bytes of {count} files", evidence=evidence)

    def _open(self, opened: Opened) -> Verdict:
        self._same_kind(opened.manifest)
        size = 0
        for file in opened.manifest.files:
            with opened.content(file) as content:
                self._settings.source.readable(file.part, content, self._work)
                # What its tools left unread is held against the manifest as well.
                while content.read(_DRAIN):
                    go_on(self._work, file.part)
            size += file.content_size
        evidence = {"files": len(opened.manifest.files), "content_bytes": size}
        return Verdict(Depth.OPEN, True, "readable to its end", evidence=evidence)

    def _restore(self, opened: Opened) -> Verdict:
        self._same_kind(opened.manifest)
        drill = self._settings.drill or RestoreDrill()
        facts = facts_of(opened.manifest)
        source, began, at = self._settings.source, time.monotonic(), time.time()
        with source.rehearse(opened.files, facts, self._work) as restored:
            wrong, evidence = _compared(restored, facts, drill)
            took = time.monotonic() - began
        if took > drill.within:
            promised = format_duration(drill.within)
            wrong.append(f"it took {format_duration(took)}, {promised} are promised")
        evidence |= {
            "remarks": list(restored.remarks),
            "rto_seconds": round(took, 3),
            "rpo_seconds": _lost(facts, at),
            "content_bytes": sum(file.content_size for file in opened.manifest.files),
            "stored_bytes": sum(file.size for file in opened.manifest.files),
            "place": restored.place,
        }
        told = "; ".join(wrong) or f"restored and asked in {format_duration(took)}"
        return Verdict(Depth.RESTORE, not wrong, told, evidence=evidence)

    def _same_kind(self, manifest: Manifest) -> None:
        if manifest.kind != self._settings.kind:
            raise BadInputError(
                f"{self._set}: the backup is one of {manifest.kind}, the book says "
                f"{self._settings.kind} by now; name a set of the old kind to read it"
            )


def facts_of(manifest: Manifest) -> Facts:
    """What was known of the content when it was backed up."""
    return Facts(
        consistent_at=manifest.consistent_seconds,
        versions=dict(manifest.versions),
        counts=dict(manifest.counts),
        schema=manifest.schema_hash,
        remarks=list(manifest.remarks),
        details=dict(manifest.details),
    )


def _lost(facts: Facts, now: float) -> float | None:
    """Seconds of changes that are not in it."""
    return None if facts.consistent_at is None else round(max(0.0, now - facts.consistent_at), 3)


def _compared(
    restored: Restored, facts: Facts, drill: RestoreDrill
) -> tuple[list[str], dict[str, Any]]:
    """What is not as it should be, and all that was compared."""
    differing = _differing(facts.counts, restored.counts, drill.tolerance)
    wrong = differing[:_TOLD]
    if len(differing) > _TOLD:
        wrong.append(f"{len(differing) - _TOLD} more counts differ")
    if facts.schema is not None and restored.schema != facts.schema:
        wrong.append("its structure is not the one that was backed up")
    asked = [_asked(each, restored) for each in drill.assertions]
    wrong += [each["wrong"] for each in asked if each["wrong"]]
    evidence = {
        "counts_compared": len(facts.counts),
        "counts_differing": len(differing),
        "schema_compared": facts.schema is not None,
        "assertions": asked,
    }
    return wrong, evidence


def _differing(
    expected: Mapping[str, int], actual: Mapping[str, int], tolerance: float
) -> list[str]:
    found = []
    for name, count in expected.items():
        if name not in actual:
            found.append(f"{name} is missing ({count} in the manifest)")
        elif abs(actual[name] - count) > count * tolerance / 100:
            found.append(f"{name}: {actual[name]}, {count} in the manifest")
    surplus = sorted(set(actual) - set(expected))
    return found + [f"{name}: {actual[name]}, none in the manifest" for name in surplus]


def _asked(assertion: Assertion, restored: Restored) -> dict[str, Any]:
    """The query, its answer and what is wrong with it, if anything is."""
    if restored.ask is None:
        return _answer(assertion, None, "this kind of source answers no queries")
    try:
        rows = restored.ask(assertion.query)
    except SourceError as error:
        return _answer(assertion, None, str(error))
    actual = rows[0][0] if rows and rows[0] else None
    return _answer(assertion, actual, _unexpected(actual, assertion.value))


def _answer(assertion: Assertion, actual: Any, wrong: str | None) -> dict[str, Any]:
    plain = actual if isinstance(actual, int | float | str | None) else str(actual)
    told = f"{assertion.query}: {wrong}" if wrong else None
    return {"query": assertion.query, "actual": plain, "wrong": told}


def _unexpected(actual: Any, expected: ExpectedValue) -> str | None:
    if actual is None:
        return "no answer"
    if expected.equals is not None:
        same = _number(actual) == expected.equals or str(actual) == str(expected.equals)
        return None if same else f"{actual}, expected {expected.equals}"
    number = _number(actual)
    if number is None:
        return f"{actual!r} is no number"
    if expected.at_least is not None and number < expected.at_least:
        return f"{actual}, expected at least {expected.at_least:g}"
    if expected.at_most is not None and number > expected.at_most:
        return f"{actual}, expected at most {expected.at_most:g}"
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
