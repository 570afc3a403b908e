"""Backups: how each set stands, what lies where, having one made or verified, and metrics.
Under `/api/backups`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.backups.listing import Found
from opsbook.backups.retention import Decision
from opsbook.backups.service import Backups
from opsbook.backups.standing import SetState, Standing
from opsbook.backups.store import Row
from opsbook.backups.verification import Depth
from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.durable.model import RunInfo
from opsbook.durable.port import UnknownRunError
from opsbook.web.access import Operator, acting
from opsbook.web.family import add_family
from opsbook.web.inputs import LONGEST, BookName, By, Text, Why, Word
from opsbook.web.moments import moment, moment_or_none
from opsbook.web.problems import problems

SetStateName = Literal["good", "late", "failed", "never ran"]


class ProgressNow(BaseModel):
    """What is done to a set right now."""

    what: str
    done_bytes: int
    total_bytes: int | None


class SetStatus(BaseModel):
    """A backup set, and whether its backups are made and proved to come back."""

    name: str
    description: str
    kind: str
    source: str
    to: list[str]
    state: SetStateName
    why: str
    backups: SetStateName
    restore: SetStateName | None = Field(description="null where no drill is asked for")
    tried_at: datetime | None
    made_at: dict[str, datetime] = Field(description="by destination")
    verified_at: datetime | None
    proved_at: datetime | None = Field(description="when a restore was last proved")
    last: dict[str, Any] = Field(description="of the last backup: sizes, duration")
    proof: dict[str, Any] = Field(description="of the last drill: RTO, RPO, counts, assertions")
    progress: ProgressNow | None


class BackupsStatus(BaseModel):
    """All sets at one moment, worst first; `state` is that of their tile, null without any."""

    at: datetime
    state: Literal["up", "late", "down", "unknown"] | None
    sets: list[SetStatus]


class CopyStatus(BaseModel):
    """What lies at a destination under one id."""

    id: str
    good: bool
    partial: bool = Field(description="whether it never became a backup")
    problem: str | None
    size_bytes: int
    retention: str | None = Field(description="its class")
    made_at: datetime | None
    consistent_at: datetime | None
    verified: dict[str, str] = Field(description="depth → what was found")
    keep: bool | None = Field(description="what retention says; null where nothing can be said")
    reason: str


class PlaceStatus(BaseModel):
    """A destination of a set, as it is listed now."""

    destination: str
    problem: str | None = Field(description="why it is not known what lies there")
    copies: list[CopyStatus] = Field(description="newest first")


class Wanted(BaseModel):
    """What is to be done to a set."""

    action: Literal["backup", "check", "open", "restore", "prune", "copy"]
    by: By = ""
    why: Why = "asked for by hand"
    retention: Word = Field(default="", description="class of a backup that is to be made")
    destination: Word = ""
    backup: Word = ""


class Restore(BaseModel):
    """What somebody brought back by hand."""

    backup: Word
    destination: Word
    target: Text
    made: Text = Field(description="what came of it")
    seconds: float = Field(ge=0, le=LONGEST, allow_inf_nan=False)


class BackupRun(BaseModel):
    """A run of the room."""

    id: str
    state: str
    steps: list[str] = Field(description="those that have ended")
    result: dict[str, Any] | None
    error: str | None
    progress: ProgressNow | None


def backup_routes(backups: Backups, clock: Clock) -> APIRouter:
    """`/api/backups`."""
    routes = APIRouter(prefix="/api/backups", tags=["backups"])

    @routes.get("")
    async def get_backups() -> BackupsStatus:
        """How the sets stand, worst first."""
        await backups.refresh()
        state: Any = backups.verdict()
        listed = [set_view(each, backups) for each in backups.standings()]
        return BackupsStatus(at=moment(clock.now()), state=state, sets=listed)

    @routes.get("/{name}", responses=problems(404))
    async def list_backup_copies(name: BookName) -> list[PlaceStatus]:
        """What lies at each destination of a set now."""
        try:
            found, rows = await backups.listed(name), await backups.rows(name)
            decided = await backups.decisions(name)
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        return [_place(each, found[each], rows, decided[each]) for each in found]

    @routes.post("/{name}/runs", responses=problems(404, 503))
    async def start_backup_run(name: BookName, wanted: Wanted, person: Operator) -> BackupRun:
        """Have a backup made, verified (check, open, restore: into a throwaway place) or copied to
        a destination that lacks it, or old ones pruned; a run that does so already is given back
        instead."""
        by = acting(person, wanted.by)
        try:
            if wanted.action == "backup":
                run = await backups.make(name, by, wanted.why, wanted.retention)
            elif wanted.action == "copy":
                where = (wanted.backup, wanted.destination)
                run = await backups.send(name, *where, by, wanted.why)
            elif wanted.action == "prune":
                run = await backups.prune(name, by, wanted.why)
            else:
                depth, where = Depth(wanted.action), (wanted.destination, wanted.backup)
                run = await backups.verify(name, depth, by, wanted.why, *where)
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        return await _shown(backups, name, run)

    @routes.post("/{name}/restores", responses=problems(404))
    async def record_restore(name: BookName, restore: Restore, person: Operator) -> Restore:
        """Write down what `opsbook restore` has brought back."""
        try:
            backups.vault.known(name)
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        await backups.restored(name, person.name, restore.model_dump())
        return restore

    @routes.get("/{name}/runs/{run}", responses=problems(404, 503))
    async def get_backup_run(name: BookName, run: BookName) -> BackupRun:
        """How far a run is, and what came of it."""
        return await _shown(backups, name, run)

    return routes


def backup_family(backups: Backups) -> Callable[[list[str]], None]:
    """What appends the metrics."""

    def add(lines: list[str]) -> None:
        _add(backups.standings(), lines)

    return add


def _add(listed: Sequence[Standing], lines: list[str]) -> None:
    """What was never measured has no sample."""
    add_family(
        lines,
        "opsbook_backup_state",
        "1 for the state in which a backup set is, 0 for the others.",
        (
            ({"set": each.set, "state": state.value}, float(each.state is state))
            for each in listed
            for state in SetState
        ),
    )
    add_family(
        lines,
        "opsbook_backup_last_success_timestamp_seconds",
        "When a backup was last made at a destination.",
        (
            ({"set": each.set, "destination": name}, at)
            for each in listed
            for name, at in each.made_at.items()
        ),
    )
    _add_moment(
        lines,
        "opsbook_backup_last_verified_timestamp_seconds",
        "When a backup was last verified, at any depth.",
        [(each.set, each.verified_at) for each in listed],
    )
    _add_moment(
        lines,
        "opsbook_backup_last_proven_restore_timestamp_seconds",
        "When a restore was last proved.",
        [(each.set, each.proved_at) for each in listed],
    )
    for name, text, key in (
        ("stored_bytes", "Size of the last backup as it is stored.", "stored_bytes"),
        ("content_bytes", "Size of the last backup as its source gave it.", "content_bytes"),
        ("duration_seconds", "How long the last backup took.", "duration_seconds"),
    ):
        values = [(each.set, each.last.get(key)) for each in listed]
        _add_moment(lines, f"opsbook_backup_{name}", text, values)
    for name, text, key in (
        ("rto_seconds", "How long the last drilled restore took.", "rto_seconds"),
        ("rpo_seconds", "Age of the state that the last drill restored.", "rpo_seconds"),
    ):
        values = [(each.set, each.proof.get(key)) for each in listed]
        _add_moment(lines, f"opsbook_restore_{name}", text, values)


def _add_moment(
    lines: list[str], name: BookName, text: str, values: Sequence[tuple[str, float | None]]
) -> None:
    known = [({"set": each}, value) for each, value in values if value is not None]
    add_family(lines, name, text, known)


def set_view(standing: Standing, backups: Backups) -> SetStatus:
    settings = standing.settings
    return SetStatus(
        name=standing.set,
        description=settings.description,
        kind=settings.kind,
        source=settings.source.subject,
        to=settings.to,
        state=standing.state.value,
        why=standing.why,
        backups=standing.backups.value,
        restore=standing.restore.value if standing.restore else None,
        tried_at=moment_or_none(standing.tried_at),
        made_at={name: moment(at) for name, at in standing.made_at.items()},
        verified_at=moment_or_none(standing.verified_at),
        proved_at=moment_or_none(standing.proved_at),
        last=dict(standing.last),
        proof=dict(standing.proof),
        progress=_progress(backups, standing.set),
    )


def _place(
    destination: str,
    found: "list[Found] | str",
    rows: Sequence[Row],
    decided: "list[Decision] | str",
) -> PlaceStatus:
    if isinstance(found, str):
        return PlaceStatus(destination=destination, problem=found, copies=[])
    here = [row for row in rows if row.destination == destination]
    said = {} if isinstance(decided, str) else {each.id: each for each in decided}
    unsaid = decided if isinstance(decided, str) else "left alone"
    copies = [_copy(each, here, said.get(each.id), unsaid) for each in found]
    return PlaceStatus(destination=destination, problem=None, copies=copies)


def _copy(found: Found, rows: Sequence[Row], decision: Decision | None, unsaid: str) -> CopyStatus:
    manifest = found.manifest
    looks = [row for row in rows if row.backup == found.id and row.about in set(Depth)]
    return CopyStatus(
        id=found.id,
        good=found.good and not any(row.damaged for row in looks),
        partial=found.partial,
        problem=found.problem,
        size_bytes=found.size,
        retention=manifest.retention if manifest else None,
        made_at=moment(manifest.made_seconds) if manifest else None,
        consistent_at=moment_or_none(manifest.consistent_seconds if manifest else None),
        verified={row.about: _word(row) for row in looks},
        keep=decision.keep if decision else None,
        reason=decision.reason if decision else unsaid,
    )


def _word(row: Row) -> str:
    word = {True: "good", False: "FAILED", None: "unknown"}[row.ok]
    return f"{word} at {iso(row.at)}: {row.message}"


async def _shown(backups: Backups, name: str, run: str) -> BackupRun:
    try:
        info = await backups.show(run)
    except UnknownRunError as error:
        raise HTTPException(404, str(error)) from None
    await backups.refresh()
    return _run(info, _progress(backups, name))


def _run(info: RunInfo, progress: ProgressNow | None) -> BackupRun:
    result: Any = info.result
    return BackupRun(
        id=info.id,
        state=info.state,
        steps=[step.name for step in info.steps],
        result=result,
        error=info.error,
        progress=progress,
    )


def _progress(backups: Backups, name: str) -> ProgressNow | None:
    now = backups.progress(name)
    if now is None:
        return None
    return ProgressNow(what=now.what, done_bytes=now.done, total_bytes=now.total)
