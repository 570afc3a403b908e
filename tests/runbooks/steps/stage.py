"""A platform small enough for one test: a real watch, store, process, jobs, and runs in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from opsbook.core.clock import SystemClock
from opsbook.core.errors import BadInputError
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.values import Json, plain
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.querier import querier
from opsbook.metrics.stores.embedded import Embedded
from opsbook.probes.check import Check
from opsbook.probes.model import Outcome
from opsbook.probes.watch import Watch
from opsbook.runbooks.action import Action, ActionFailedError
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.hands import Hands, Ordered, Verb
from opsbook.runbooks.place import called
from opsbook.runbooks.settings import RunbookSettings, StepSettings, runbook_type
from opsbook.services.controller import Controller, Home, controller_kinds
from tests.probes.checks import make_check


class Stage(Hands):
    """One host. What was ordered and told is kept, in the order in which it happened."""

    def __init__(self, home: Path) -> None:
        self.clock = SystemClock()
        self.home = home
        self.jobs = Jobs(home / "jobs")
        self.directory = str(home)
        self.store = Embedded()
        self.store.bind(home / "store", self.clock)
        self.store.start()
        self.watch = Watch((), Bus(), self.clock)
        self.services: dict[str, Controller] = {}
        self.running = dict[str, int]()
        self.orders: list[tuple[str, str]] = []
        self.told: dict[str, tuple[str, str, str]] = {}

    async def close(self) -> None:
        for controller in self.services.values():
            await controller.stop()
            await controller.close()
        for check in self.watch.checks.values():
            await check.probe.close()
        await asyncio.to_thread(self.store.close)
        self.jobs.close()

    def check(self, name: str, kind: str, settings: Mapping[str, Any], **check: Any) -> None:
        made = make_check(kind, settings, **check)
        self.watch.checks[name] = Check(name, made.settings)

    def measure(self, name: str, values: Mapping[str, float]) -> None:
        """`up, {"a": 1}` is the sample `up{job="a"} 1`."""
        samples = {labels_of({"__name__": name, "job": job}): each for job, each in values.items()}
        self.store.append("test", int(self.clock.now() * 1000), samples)

    def service(self, name: str, *command: str) -> None:
        """A process, by default one that lives until it is stopped."""
        words = {"command": command or ["sleep", "600"]}
        made = controller_kinds.load("process").model_validate(words)
        records, logs = self.home / "records", self.home / "logs"
        for directory in (records, logs):
            directory.mkdir(exist_ok=True)
        made.bind(Home("stage", name, records, logs))
        self.services[name] = made

    async def look(self, check: str) -> Outcome:
        if check not in self.watch.checks:
            raise BadInputError(f"no such check (got {check!r})")
        return await self.watch.look(check)

    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        at = int(self.clock.now() * 1000) + 1
        try:
            found = await asyncio.to_thread(querier(self.store).instant, expression, at)
        except QueryError as error:
            raise BadInputError(f"query {expression!r}: {error}") from None
        return [(dict(each.labels), float(each.values[-1])) for each in found.series]

    async def standing(self, service: str) -> str:
        instance = await self._controller(service).running()
        return "does not run" if instance is None else f"running, {instance.name}"

    async def replicas(self, service: str) -> int | None:
        return self.running.get(service)

    async def order(
        self, service: str, verb: Verb, *, by: str, why: str, key: str, replicas: int | None = None
    ) -> Ordered:
        controller = self._controller(service)
        before = await self.standing(service)
        self.orders.append((verb, service))
        if verb in ("stop", "restart"):
            await controller.stop()
        if verb in ("start", "restart"):
            await controller.start()
        if replicas is not None:
            self.running[service] = replicas
        return Ordered(True, before, await self.standing(service), f"{verb} by {by}: {why}", (7,))

    async def notify(self, receiver: str, subject: str, text: str, key: str) -> str:
        if receiver != "team":
            raise BadInputError(f"no such receiver (got {receiver!r})")
        self.told.setdefault(key, (receiver, subject, text))
        return "handed to the outbox"

    def _controller(self, service: str) -> Controller:
        if service not in self.services:
            raise BadInputError(f"no such service (got {service!r})")
        return self.services[service]

    def context(self, **changes: Any) -> Context:
        given: dict[str, Any] = {
            "run": "r1",
            "path": "step",
            "attempt": "0.1",
            "by": "ada",
            "why": "a test",
            "values": {"steps": {}},
            "stopping": asyncio.Event(),
            "hands": self,
            "within": 20.0,
        }
        return Context(**{**given, **changes})

    async def carry_out(self, kind: str, settings: Mapping[str, Any], **changes: Any) -> Any:
        """The result of a step as a run would record it."""
        course = StageCourse(self.context(**changes))
        return await course.through(step(kind, settings))


class StageCourse(Course):
    """A run in one process. With the records of an earlier life it is that run, carried on."""

    def __init__(self, context: Context, records: dict[str, Json] | None = None) -> None:
        self.context = context
        self.records = {} if records is None else records
        self.answers: list[dict[str, Json]] = []
        self.asked: list[tuple[str, float, str]] = []
        self.runbooks: dict[str, RunbookSettings] = {}

    async def through(self, settings: StepSettings) -> dict[str, Json]:
        result = plain(await settings.action.proceed(self))
        assert isinstance(result, dict)
        return result

    async def act(self, action: Action) -> dict[str, Json]:
        async def act() -> Json:
            return plain(await action.carry_out(self.context))

        result = await self.record("act", act)
        assert isinstance(result, dict)
        return result

    async def record(self, name: str, look: Callable[[], Awaitable[Json]]) -> Json:
        place = f"{self.context.path}:{name}"
        if place not in self.records:
            self.records[place] = await look()
        return self.records[place]

    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        results: dict[str, Json] = {}
        for number, each in enumerate(steps, 1):
            name = called(each, number)
            known = {**self.context.values["steps"], **results}
            course = self._below(f"{part}.{name}", {**values, "steps": known})
            results[name] = await course.through(each)
        return results

    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]:
        self.asked.append((question, within, signal))
        if not self.answers:
            raise ActionFailedError(f"nobody answered within {within:g} s")
        return self.answers.pop(0)

    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        below = self._below(runbook, parameters)
        return await below.carry_out(self.runbooks[runbook].steps, "run", {})

    def _below(self, part: str, values: Mapping[str, Any]) -> "StageCourse":
        stage = self.context.hands
        assert isinstance(stage, Stage)
        path = f"{self.context.path}.{part}"
        around = {**self.context.values, **values}
        context = stage.context(path=path, values=around, stopping=self.context.stopping)
        below = StageCourse(context, self.records)
        below.runbooks = self.runbooks
        return below


def step(kind: str, settings: Mapping[str, Any], **around: Any) -> StepSettings:
    """A step as a book has it; `around` holds its keys beside the kind."""
    made: StepSettings = runbook({kind: dict(settings), **around}).steps[0]
    return made


def runbook(*steps: Mapping[str, Any]) -> RunbookSettings:
    return runbook_type().model_validate({"steps": [dict(each) for each in steps]})
