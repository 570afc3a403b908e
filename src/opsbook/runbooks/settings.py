"""The book's `runbooks:` — procedures of steps, each with what must hold, act, prove, undo."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from opsbook.book.fields import Days, Duration, Name
from opsbook.book.kinds import plugged, with_kinds
from opsbook.book.model import Section
from opsbook.book.written import Written
from opsbook.runbooks.action import Action, action_kinds
from opsbook.runbooks.compound import Compound
from opsbook.runbooks.parameters import ParameterSettings
from opsbook.runbooks.template import Expression, Template
from opsbook.runbooks.words import word

Word = Annotated[str, AfterValidator(word)]
"""A name that templates can use: letters, digits and underscores."""
ActionClass = Annotated[int, Field(ge=0, le=4)]
OnFailure = Literal["stop", "continue", "rollback", "ask"]


class Retry(Section):
    """Trying a step again that failed, before it counts as failed."""

    times: int = Field(default=1, ge=1, le=100)
    """How often, after the first try."""
    wait: Duration = 1.0
    """Between two tries."""


class Proof(Section):
    """What shows, independently of the action, that it did what it should."""

    within: Duration = Field(default=30.0, gt=0)
    """By then all of it must hold; it is tried again until it does."""
    every: Duration = Field(default=1.0, gt=0)
    """Between two looks."""
    steps: "list[AnyStep]" = Field(min_length=1)
    """Steps of class 0."""


class StepSettings(Written):
    """One step, of the kind that its key names."""

    name: Word | None = None
    """By which later steps refer to its result; made from its kind and number if missing."""
    description: str = ""
    """What it is for, for the person who watches."""
    class_: ActionClass | None = Field(default=None, alias="class")
    """0 looks only; 1 narrow and reversible; 2 wants a confirmation; 3 wants a second person;
    4 is never carried out, only printed. At least what its kind says."""
    if_: Expression | None = Field(default=None, alias="if")
    """It is left out where this does not hold."""
    host: Template | None = None
    """The host on which it is carried out; here if none is named."""
    start_within: Duration = Field(default=600.0, gt=0)
    """By then the agent of another host must have taken it; else it fails and is not done there
    any more."""
    changes: Template | None = None
    """The service that it changes, where its kind does not say: one change at a time."""
    within: Duration = Field(default=60.0, gt=0)
    """A try that takes longer is stopped."""
    retry: Retry | None = None
    precheck: "list[AnyStep]" = []
    """Steps of class 0 that must succeed before anything is done."""
    verify: Proof | None = None
    """What proves that it worked. Required above class 0."""
    rollback: "list[AnyStep]" = []
    """What takes it back. Required above class 0, or:"""
    no_rollback: str = ""
    """Why there is nothing to take back."""
    on_failure: OnFailure | None = None
    """What a failure means for the run; as the runbook says if not given."""
    on_unknown: Literal["ask", "rerun", "probe", "fail"] = "ask"
    """What to do when nobody knows whether it was done: ask a person, do it again, let its
    `verify` decide, or fail."""

    @property
    def kind(self) -> str:
        return plugged(self, Action)[0]

    @property
    def action(self) -> Action:
        action: Action = plugged(self, Action)[1]
        return action

    @property
    def consists_of_others(self) -> bool:
        """Whether the steps within it state what proves them and what takes them back."""
        return isinstance(self.action, Compound)

    @property
    def action_class(self) -> int:
        """0 where neither the book nor the kind says: the loader refuses that."""
        return max(self.class_ or 0, self.action.least_class or 0)


class Limits(Section):
    """How often a runbook may run by itself."""

    at_most: int = Field(default=3, ge=1)
    """Runs within `per`."""
    per: Duration = 3600.0
    """The time over which they are counted."""
    cooldown: Duration = 300.0
    """Between the end of one run and the start of the next."""


class Window(Section):
    """When steps of class 3 may be carried out."""

    days: list[Days] = []
    """`sun`, `first sun`, `last fri`, `1`, `last`; every day if none is named."""
    from_: str = Field(default="00:00", alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """The time of day at which it begins."""
    to: str = Field(default="24:00", pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")
    """Before `from`, it is of the next day."""
    zone: str = "UTC"
    """Whose time of day that is, such as `Europe/Berlin`."""


class RunbookSettings(Written):
    """A procedure."""

    description: str = ""
    """When somebody reaches for it, and what it will have done."""
    parameters: dict[Word, ParameterSettings] = {}
    target: Template | None = None
    """What must be typed to confirm class 2; the runbook's name if not given."""
    automatic: Limits = Limits()
    """How often it may run unattended."""
    window: Window | None = None
    approve_within: Duration = 3600.0
    """How long a run waits for the second person that class 3 wants."""
    consent: Literal["step", "run"] = "step"
    """Whether each step of class 3 asks the second person, or the first of them for those after it
    as well: nobody has to be found again while services stand still. What is done for each of many
    things, by another runbook, or once more after a failure asks for itself."""
    on_failure: OnFailure = "stop"
    """What a step that failed means for the run, where the step does not say."""
    within: Duration = 86_400.0
    """A run that takes longer, waiting included, is stopped at the next step."""
    steps: "list[AnyStep]" = Field(min_length=1)

    @property
    def run_class(self) -> int:
        """The highest class of its own steps; 4 does not count, for it is only printed."""
        return highest_class(self.steps)


def walk(steps: "list[Any]") -> "list[StepSettings]":
    """These steps and all within them, prechecks and the like included, outermost first."""
    found: list[StepSettings] = []
    for step in steps:
        found.append(step)
        for part in (step.precheck, step.verify.steps if step.verify else [], step.rollback):
            found += walk(part)
        for below in parts(step.action):
            found += walk(below)
    return found


def highest_class(steps: "list[Any]") -> int:
    """Of these steps and all within them; 4 does not count, for it is only printed."""
    return max((c for step in walk(steps) if (c := step.action_class) < 4), default=0)


def parts(action: Action) -> "list[list[StepSettings]]":
    """The lists of steps among an action's own settings."""
    values = [getattr(action, name) for name in type(action).model_fields]
    return [
        value
        for value in values
        if isinstance(value, list) and value and isinstance(value[0], StepSettings)
    ]


@cache
def runbook_type() -> type[RunbookSettings]:
    """The type of a runbook with every kind of step there is."""
    kinds = [action_kinds.load(kind) for kind in action_kinds.names()]
    step = with_kinds(StepSettings, action_kinds, action_kinds.names(), "step")
    names = {"AnyStep": step}
    types: list[type[Section]] = [*kinds, Proof, step, RunbookSettings]
    for cls in types:
        cls.model_rebuild(force=True, _types_namespace=names)
    return RunbookSettings


if TYPE_CHECKING:
    AnyStep = Any  # must not be found at run time before `runbook_type` knows every kind
Runbooks = dict[Name, RunbookSettings]
