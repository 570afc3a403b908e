"""One maintenance of a database, under way or over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsbook.databases.model import End, Task, TaskResult, Value

Figures = Mapping[str, Value | None]


@dataclass(slots=True)
class Round:
    """What was planned, what came of it, and how the database stood before and after."""

    id: str
    database: str
    by: str
    why: str
    began: float
    tasks: list[Task] = field(default_factory=list)
    """As they were planned; not to be carried out from here."""
    results: list[TaskResult] = field(default_factory=list)
    before: Figures = field(default_factory=dict)
    after: Figures = field(default_factory=dict)
    ended: float | None = None
    trouble: str = ""
    """Why it did not come to its end, where it did not."""

    @property
    def done(self) -> bool:
        """Whether everything that was planned was done."""
        ends = {each.end for each in self.results}
        return not self.trouble and len(self.results) == len(self.tasks) and ends <= {End.DONE}

    @property
    def waiting(self) -> bool:
        """Whether nothing but a signature is lacking."""
        ends = {each.end for each in self.results}
        return not self.trouble and End.WAITING in ends and ends <= {End.DONE, End.WAITING}

    @property
    def said(self) -> str:
        """Why not everything was done, for people."""
        wrong = [each for each in self.results if each.end not in (End.DONE, End.WAITING)]
        return self.trouble or "; ".join(
            f"{each.task}: {each.said or each.end.value}" for each in wrong[:3]
        )

    def as_json(self) -> dict[str, Any]:
        names = ("id", "database", "by", "why", "began", "before", "after", "ended", "trouble")
        return {
            **{name: getattr(self, name) for name in names},
            "tasks": [each.as_json() for each in self.tasks],
            "results": [each.as_json() for each in self.results],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Round":
        tasks = [Task(**each) for each in value["tasks"]]
        results = [TaskResult.from_json(each) for each in value["results"]]
        return cls(**{**value, "tasks": tasks, "results": results})
