"""What a durable run recorded, as people see it: steps with their states, and what it waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsbook.durable.model import RunInfo, RunState, StepInfo, StepState
from opsbook.runbooks.model import RunView, StepStanding, StepView, Waiting
from opsbook.runbooks.place import called
from opsbook.runbooks.settings import RunbookSettings
from opsbook.runbooks.snapshot import Snapshot, run_class


@dataclass(frozen=True, slots=True)
class Mark:
    """A durable step of a step: `PATH:WHAT.N`."""

    path: str
    what: str
    number: int
    info: StepInfo

    @property
    def content(self) -> Mapping[str, Any]:
        return self.info.result if isinstance(self.info.result, Mapping) else {}


def marks(info: RunInfo) -> Iterator[Mark]:
    """In the order in which they happened, without those that a cancellation kept from it."""
    for step in info.steps:
        name = step.name.removesuffix("+")
        if ":" not in name or name.startswith("wait:") or step.state is StepState.CANCELLED:
            continue
        path, _, rest = name.partition(":")
        what, _, number = rest.partition(".")
        digits = number.rpartition(".")[2]
        yield Mark(path, what, int(digits) if digits.isdigit() else 0, step)


@dataclass
class _Gathered:
    path: str
    kind: str = ""
    subject: str = ""
    action_class: int = 0
    state: StepStanding = "running"
    tries: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    result: Any = None
    error: str | None = None
    verified: Any = None

    def take(self, mark: Mark) -> None:
        content = mark.content
        if "kind" in content:
            self.kind = str(content["kind"])
            self.subject = str(content["subject"])
            self.action_class = int(content["class"])
        if self.started_at is None:
            self.started_at = mark.info.started_at
        match mark.what:
            case "act" | "host":
                self.tries += 1
                self.result = content.get("result")
                self.error = _said(content)
                self.verified = content.get("proof", self.verified)
            case "verify":
                self.verified = content.get("result")
                self.error = _said(content)
            case "begun":
                self.state = "running"
                self.ended_at = None
            case "done" | "failed" | "skipped" | "printed":
                self._end(mark)
            case _:
                pass

    def _end(self, mark: Mark) -> None:
        self.state = mark.what  # type: ignore[assignment]
        self.ended_at = mark.info.ended_at
        self.error = mark.content.get("error")
        if mark.what == "printed":
            self.result = {"printed": mark.content.get("printed")}
        if "result" in mark.content:
            self.result = mark.content["result"]


@dataclass
class _Steps:
    known: dict[str, _Gathered] = field(default_factory=dict)

    def take(self, mark: Mark) -> None:
        self.known.setdefault(mark.path, _Gathered(mark.path)).take(mark)


def run_view(info: RunInfo, waiting: Waiting | None) -> RunView:
    """The run; `waiting` is what it is known to wait for besides its queue."""
    snapshot = Snapshot.from_json(info.input)
    settings = snapshot.settings()
    return RunView(
        id=info.id,
        runbook=snapshot.runbook,
        state=info.state,
        by=snapshot.by,
        why=snapshot.why,
        parameters=snapshot.parameters,
        run_class=run_class(snapshot.runbook, settings),
        alert=snapshot.alert,
        incident=snapshot.incident,
        drill=snapshot.drill,
        unattended=snapshot.unattended,
        requested_at=info.submitted_at,
        started_at=info.started_at,
        ended_at=info.ended_at,
        round=info.round,
        error=info.error,
        cancellation=info.cancellation,
        waiting=waiting,
        rolled_back=any(step.name.startswith("rolled_back") for step in info.steps),
        steps=_step_views(info, settings[snapshot.runbook], waiting) if info.steps else (),
    )


def _step_views(
    info: RunInfo, book: RunbookSettings, waiting: Waiting | None
) -> tuple[StepView, ...]:
    steps = _Steps()
    for mark in marks(info):
        steps.take(mark)
    found = steps.known
    for number, step in enumerate(book.steps, 1):
        name = called(step, number)
        if name not in found:
            action = step.action
            found[name] = _Gathered(name, step.kind, action.subject, step.action_class, "not begun")
    for each in found.values():
        if waiting is not None and each.path == waiting.step:
            each.state = "waiting"
        elif each.state == "running" and info.state.ended:
            each.state = "failed"
        if f"{each.path}.rollback" in {_parent(path) for path in found} and info.state.ended:
            each.state = "rolled back"
    return tuple(_shown(each) for each in found.values())


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _shown(each: _Gathered) -> StepView:
    return StepView(
        each.path,
        each.kind,
        each.subject,
        each.action_class,
        each.state,
        each.tries,
        each.started_at,
        each.ended_at,
        each.result,
        each.error,
        each.verified,
    )


def _said(content: Mapping[str, Any]) -> str | None:
    said = content.get("failed", content.get("unknown"))
    return None if said is None else str(said)


def queued(info: RunInfo, at_once: int) -> Waiting | None:
    """What a run waits for that nobody carries yet."""
    if info.state is not RunState.WAITING:
        return None
    what = f"room: at most {at_once} runs are under way at once"
    return Waiting(what, "queue", info.submitted_at, None)


def at_window(info: RunInfo) -> Waiting | None:
    """The window that a step of class 3 waits for, where that is the last that is recorded."""
    last = next(iter(reversed(list(marks(info)))), None)
    if last is None or last.what != "window" or not last.content.get("left"):
        return None
    what = "the window in which it may be carried out"
    return Waiting(what, "time", last.info.ended_at, float(last.content["until"]), last.path)
