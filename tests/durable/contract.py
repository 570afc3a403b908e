"""What every engine must keep. An engine's test inherits this and gives `make`."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret
from opsbook.durable.model import Cancellation, Queue, RunState, StepState, Submission
from opsbook.durable.port import (
    DurableFunction,
    Engine,
    Run,
    RunCancelledError,
    RunStateError,
    SignalTimeoutError,
    StepFailedError,
    UnknownRunError,
)
from opsbook.durable.values import Json
from tests.eventually import eventually

QUEUES = (
    Queue("work", poll=0.05),
    Queue("services", partitioned=True, poll=0.05),
    Queue("narrow", at_once=1, poll=0.05),
)
ANN = Cancellation("ann", "wrong host")
WITHIN = 20.0


class Maker(Protocol):
    """Makes engines that share one database."""

    def __call__(
        self,
        functions: Mapping[str, DurableFunction],
        queues: Sequence[Queue] = QUEUES,
        name: str = "controller",
        version: str = "1",
    ) -> Engine: ...


@asynccontextmanager
async def opened(engine: Engine) -> AsyncIterator[Engine]:
    """An engine that carries runs within the block."""
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


async def waiting_for_signal(engine: Engine, run_id: str) -> None:
    """Until the run waits for its first signal."""
    async with asyncio.timeout(WITHIN):
        while not (await engine.show(run_id)).steps:
            await asyncio.sleep(0.02)


class Effects:
    """What steps did, in order, and doors that hold them up."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}

    def hold(self, *names: str) -> None:
        for name in names:
            self._doors[name] = asyncio.Event()

    def let_go(self, name: str) -> None:
        self._doors.pop(name).set()

    def do(self, name: str, result: Json = None) -> Callable[[], Awaitable[Json]]:
        async def action() -> Json:
            self.begun.append(name)
            if name in self._doors:
                await self._doors[name].wait()
            self.done.append(name)
            return result

        return action


async def failing() -> Json:
    raise ValueError("no such host")


class EngineContract:
    """Give the fixture `make`."""

    @pytest.fixture
    def make(self) -> Maker:
        raise NotImplementedError

    @pytest.fixture
    def effects(self) -> Effects:
        return Effects()

    async def test_a_run_is_carried_to_its_end(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return [run.id, value, await run.step("one", effects.do("one", 1))]

        async with opened(make({"f": function})) as engine:
            assert await engine.submit(Submission("r", "work", "f", {"n": [1]})) == "r"
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.SUCCEEDED
        assert info.result == ["r", {"n": [1]}, 1]
        assert (info.function, info.queue, info.input) == ("f", "work", {"n": [1]})
        assert [(step.name, step.state, step.result) for step in info.steps] == [
            ("one", StepState.SUCCEEDED, 1)
        ]
        assert info.ended_at is not None
        assert time.time() - 60 < info.submitted_at <= time.time()

    async def test_submitting_an_id_again_does_nothing(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step("one", effects.do("one", value))

        async with opened(make({"f": function})) as engine:
            for value in ("first", "second"):
                await engine.submit(Submission("r", "work", "f", value))
            await engine.wait("r", WITHIN)
            await engine.submit(Submission("r", "work", "f", "third"))
            await asyncio.sleep(0.2)
            assert (await engine.show("r")).result == "first"
        assert effects.done == ["one"]

    async def test_a_failed_step_fails_the_run_and_is_named(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step("one", failing)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.FAILED
        assert info.error == "step one: no such host"
        assert info.stopped_at == "one"
        assert [(step.state, step.error) for step in info.steps] == [
            (StepState.FAILED, "no such host")
        ]

    async def test_a_function_that_fails_between_its_steps_fails_the_run(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            raise KeyError("steps")

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
        assert (info.state, info.error, info.stopped_at) == (RunState.FAILED, "'steps'", None)

    async def test_an_unknown_function_fails_the_run_with_its_name(self, make: Maker) -> None:
        async with opened(make({})) as engine:
            await engine.submit(Submission("r", "work", "gone"))
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.FAILED
        assert info.error == "there is no function 'gone'"

    async def test_a_recorded_step_is_not_carried_out_again(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            one = await run.step("one", effects.do("one", 1))
            two = await run.step("two", effects.do("two", 2))
            return [one, two]

        effects.hold("two")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: "two" in effects.begun)
        effects.let_go("two")
        async with opened(make({"f": function})) as engine:
            assert (await engine.wait("r", WITHIN)).result == [1, 2]
        assert effects.begun == ["one", "two", "two"]
        assert effects.done == ["one", "two"]

    async def test_a_result_is_the_same_the_first_time_and_later(
        self, make: Maker, effects: Effects
    ) -> None:
        seen = []

        async def function(run: Run, value: Json) -> Json:
            seen.append(await run.step("one", effects.do("one", (1, (2.5, None)))))
            return await run.step("two", effects.do("two"))

        effects.hold("two")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: "two" in effects.begun)
        effects.let_go("two")
        async with opened(make({"f": function})) as engine:
            await engine.wait("r", WITHIN)
        assert seen == [[1, [2.5, None]]] * 2

    async def test_a_failure_is_the_same_the_first_time_and_later(
        self, make: Maker, effects: Effects
    ) -> None:
        seen = []

        async def function(run: Run, value: Json) -> Json:
            try:
                await run.step("one", failing)
            except StepFailedError as error:
                seen.append((error.step, error.kind, error.message))
            return await run.step("two", effects.do("two"))

        effects.hold("two")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: "two" in effects.begun)
        effects.let_go("two")
        async with opened(make({"f": function})) as engine:
            assert (await engine.wait("r", WITHIN)).state is RunState.SUCCEEDED
        assert seen == [("one", "ValueError", "no such host")] * 2

    async def test_a_result_that_is_no_json_fails_the_step(self, make: Maker) -> None:
        async def infinite() -> Json:
            return {"load": [float("inf")]}

        async def function(run: Run, value: Json) -> Json:
            return await run.step("one", infinite)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
        assert info.error == "step one: the value['load'][0] is inf, which JSON does not know"

    async def test_no_secret_is_recorded(
        self, make: Maker, effects: Effects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DURABLE_TEST_TOKEN", "s3cret-of-runs")
        secret = Secret("env:DURABLE_TEST_TOKEN").reveal()

        async def function(run: Run, value: Json) -> Json:
            return await run.step("one", effects.do("one", {"said": [f"token {secret}"]}))

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f", secret))
            info = await engine.wait("r", WITHIN)
        assert info.result == {"said": ["token ***"]}
        assert info.input == "***"

    async def test_steps_need_names_of_their_own(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            await run.step("one", effects.do("one"))
            return await run.step("one", effects.do("one"))

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
        assert info.error == "run r has two steps named 'one'"

    async def test_steps_come_one_after_the_other(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await asyncio.gather(
                run.step("one", effects.do("one")), run.step("two", effects.do("two"))
            )

        effects.hold("one")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
            effects.let_go("one")
        assert info.error == "run r: step 'two' begins before another has ended"

    async def test_a_run_cancelled_before_it_began_never_begins(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        effects.hold("first")
        async with opened(make({"f": function})) as engine:
            for run_id in ("first", "second"):
                await engine.submit(Submission(run_id, "narrow", "f"))
                await eventually(lambda: effects.begun == ["first"])
            await engine.cancel("second", ANN)
            info = await engine.wait("second", WITHIN)
            assert (info.state, info.cancellation) == (RunState.CANCELLED, ANN)
            assert info.steps == ()
            effects.let_go("first")
            await engine.wait("first", WITHIN)
            await asyncio.sleep(0.2)
        assert effects.done == ["first"]

    async def test_a_cancelled_run_ends_before_its_next_step(
        self, make: Maker, effects: Effects
    ) -> None:
        told = []

        async def function(run: Run, value: Json) -> Json:
            await run.step("one", effects.do("one"))
            told.append(run.stopping.is_set())
            return await run.step("two", effects.do("two"))

        effects.hold("one")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.begun)
            await engine.cancel("r", ANN)
            await asyncio.sleep(1.0)
            assert (await engine.show("r")).state is RunState.RUNNING
            effects.let_go("one")
            info = await engine.wait("r", WITHIN)
        assert (info.state, info.cancellation) == (RunState.CANCELLED, ANN)
        assert info.stopped_at == "two"
        assert [step.state for step in info.steps] == [StepState.SUCCEEDED, StepState.CANCELLED]
        assert effects.done == ["one"]
        assert told == [True]

    async def test_a_cancelled_run_may_tidy_up(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            try:
                await run.step("one", effects.do("one"))
                await run.step("two", effects.do("two"))
            except RunCancelledError as error:
                await run.step("undo", effects.do(f"undo for {error.cancellation.by}"))
                await run.sleep("pause", 0.1)
                raise
            return None

        effects.hold("one", "undo for ann")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.begun)
            await engine.cancel("r", ANN)
            await asyncio.sleep(0.7)
            effects.let_go("one")
            await eventually(lambda: len(effects.begun) == 2)
        effects.let_go("undo for ann")
        async with opened(make({"f": function})) as engine:
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.CANCELLED
        assert info.stopped_at == "two"
        assert effects.done == ["one", "undo for ann"]

    async def test_cancelling_what_has_ended_does_nothing(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return "done"

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            before = await engine.wait("r", WITHIN)
            await engine.cancel("r", ANN)
            assert await engine.show("r") == before

    async def test_a_signal_is_waited_for(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("approval", 60)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await engine.signal("r", "approval", {"by": "bob"}, "key")
            info = await engine.wait("r", WITHIN)
        assert info.result == {"by": "bob"}
        assert [step.name for step in info.steps] == ["wait:approval"]

    async def test_a_signal_for_another_wait_is_kept(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            first = await run.wait_for("first", 60)
            return [first, await run.wait_for("second", 60)]

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await engine.signal("r", "second", 2, "b")
            await waiting_for_signal(engine, "r")
            await engine.signal("r", "first", 1, "a")
            assert (await engine.wait("r", WITHIN)).result == [1, 2]

    async def test_a_signal_with_the_same_key_is_heard_once(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            said = await run.wait_for("approval", 60)
            try:
                await run.wait_for("approval again", 0.6)
            except SignalTimeoutError:
                return said
            return "twice"

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            for value in (True, False):
                await engine.signal("r", "approval", value, "key")
            assert (await engine.wait("r", WITHIN)).result is True

    async def test_a_signal_that_does_not_come_in_time_is_an_error(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("approval", 0.2)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.FAILED
        assert info.error == "approval did not come within 0.2 s"

    async def test_a_wait_goes_on_after_a_restart_and_ends_when_it_would_have(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            await run.step("one", effects.do("one"))
            await run.sleep("pause", 1.0)
            return await run.step("two", effects.do("two"))

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.done)
            began = time.monotonic()
            await asyncio.sleep(0.3)
        await asyncio.sleep(1.0)
        async with opened(make({"f": function})) as engine:
            await engine.wait("r", WITHIN)
        # Slept again in full, it would have taken a second more after the restart.
        assert 1.0 < time.monotonic() - began < 3.0
        assert effects.done == ["one", "two"]

    async def test_a_waiting_run_is_cancelled_at_once(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("approval", 3600)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await waiting_for_signal(engine, "r")
            await engine.cancel("r", ANN)
            info = await engine.wait("r", 5)
        assert (info.state, info.stopped_at) == (RunState.CANCELLED, "wait:approval")

    async def test_nobody_speaks_to_a_run_that_has_ended(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return None

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await engine.wait("r", WITHIN)
            with pytest.raises(RunStateError, match="run r has ended"):
                await engine.signal("r", "approval", True, "key")

    async def test_a_failed_run_is_resumed_at_its_failed_step(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            one = await run.step("one", effects.do("one", run.round))
            two = await run.step("two", effects.do("two", run.round) if run.round else failing)
            return [one, two]

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            assert (await engine.wait("r", WITHIN)).state is RunState.FAILED
            await engine.resume("r")
            info = await engine.wait("r", WITHIN)
        assert (info.state, info.result, info.round) == (RunState.SUCCEEDED, [0, 1], 1)
        assert info.error is None
        assert effects.done == ["one", "two"]

    async def test_a_run_is_resumed_at_the_step_that_is_named(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            for name in ("one", "two", "three"):
                await run.step(name, effects.do(name))
            return await run.step("four", effects.do("four") if run.round else failing)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await engine.wait("r", WITHIN)
            with pytest.raises(UnknownRunError, match="run r has no step five"):
                await engine.resume("r", "five")
            await engine.resume("r", "two")
            info = await engine.wait("r", WITHIN)
        assert info.state is RunState.SUCCEEDED
        assert effects.done == ["one", "two", "three", "two", "three", "four"]

    async def test_a_cancelled_run_is_resumed_where_it_stopped(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            await run.step("one", effects.do("one"))
            said = await run.wait_for("approval", 3600)
            await run.step("two", effects.do("two"))
            return said

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.done)
            await engine.cancel("r", ANN)
            await engine.wait("r", WITHIN)
            await engine.resume("r")
            await engine.signal("r", "approval", "yes", "key")
            info = await engine.wait("r", WITHIN)
        assert (info.state, info.result) == (RunState.SUCCEEDED, "yes")
        assert (info.cancellation, info.stopped_at) == (None, None)
        assert effects.done == ["one", "two"]

    async def test_what_runs_or_succeeded_is_not_resumed(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("end", 3600)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await waiting_for_signal(engine, "r")
            with pytest.raises(RunStateError, match="run r is running"):
                await engine.resume("r")
            await engine.signal("r", "end", None, "key")
            await engine.wait("r", WITHIN)
            with pytest.raises(RunStateError, match="run r is succeeded"):
                await engine.resume("r")

    async def test_one_run_at_a_time_has_a_partition(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        effects.hold("a1", "b1")
        async with opened(make({"f": function})) as engine:
            for run_id in ("a1", "a2", "b1"):
                await engine.submit(Submission(run_id, "services", "f", partition=run_id[0]))
            await eventually(lambda: {"a1", "b1"} <= set(effects.begun))
            await asyncio.sleep(0.3)
            assert "a2" not in effects.begun
            effects.let_go("a1")
            await engine.wait("a2", WITHIN)
            effects.let_go("b1")
            await engine.wait("b1", WITHIN)
        assert effects.done == ["a1", "a2", "b1"]

    async def test_a_cancelled_run_keeps_its_partition_until_its_step_has_ended(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            await run.step(run.id, effects.do(run.id))
            return await run.step("after", effects.do(f"after {run.id}"))

        effects.hold("a1")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("a1", "services", "f", partition="a"))
            await eventually(lambda: effects.begun)
            await engine.submit(Submission("a2", "services", "f", partition="a"))
            await engine.cancel("a1", ANN)
            await asyncio.sleep(1.0)
            assert effects.begun == ["a1"]
            effects.let_go("a1")
            await engine.wait("a2", WITHIN)
            assert (await engine.show("a1")).state is RunState.CANCELLED
        assert effects.done == ["a1", "a2", "after a2"]

    async def test_a_run_keeps_its_partition_over_a_restart(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        effects.hold("a1")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("a1", "services", "f", partition="a"))
            await eventually(lambda: effects.begun)
            await engine.submit(Submission("a2", "services", "f", partition="a"))
        async with opened(make({"f": function})) as engine:
            await eventually(lambda: effects.begun == ["a1", "a1"])
            await asyncio.sleep(0.3)
            assert effects.begun == ["a1", "a1"]
            effects.let_go("a1")
            await engine.wait("a2", WITHIN)
        assert effects.done == ["a1", "a2"]

    async def test_no_more_runs_of_a_queue_at_once_than_it_allows(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        effects.hold("r1", "r2")
        async with opened(make({"f": function})) as engine:
            for run_id in ("r1", "r2"):
                await engine.submit(Submission(run_id, "narrow", "f"))
            await eventually(lambda: effects.begun)
            await asyncio.sleep(0.3)
            assert len(effects.begun) == 1
            for name in ("r1", "r2"):
                effects.let_go(name)
                await engine.wait(name, WITHIN)

    async def test_one_run_per_alert(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        def repair(run_id: str) -> Submission:
            return Submission(run_id, "services", "f", partition="a", single="fingerprint")

        effects.hold("r1")
        async with opened(make({"f": function})) as engine:
            assert await engine.submit(repair("r1")) == "r1"
            await eventually(lambda: effects.begun)
            assert await engine.submit(repair("r2")) == "r1"
            effects.let_go("r1")
            await engine.wait("r1", WITHIN)
            assert await engine.submit(repair("r3")) == "r3"
            await engine.wait("r3", WITHIN)
            with pytest.raises(UnknownRunError):
                await engine.show("r2")
        assert effects.done == ["r1", "r3"]

    async def test_a_run_that_nobody_starts_in_time_expires(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        async with opened(make({"f": function})) as engine:
            # Nobody listens to the queue of a host that is down.
            await engine.submit(Submission("late", "host.down", "f", start_within=0.3))
            info = await engine.wait("late", 5)
            assert info.state is RunState.EXPIRED
            assert info.cancellation is not None
            assert info.cancellation.reason == "nobody started it in time"
            await engine.submit(Submission("prompt", "work", "f", start_within=5.0))
            assert (await engine.wait("prompt", WITHIN)).state is RunState.SUCCEEDED
        assert effects.done == ["prompt"]

    async def test_drained_it_ends_its_steps_and_begins_none(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            for name in ("one", "two"):
                await run.step(name, effects.do(name))
            return "done"

        effects.hold("one")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.begun)
            draining = asyncio.create_task(engine.drain(10))
            await asyncio.sleep(0.1)
            assert not draining.done()
            effects.let_go("one")
            assert await draining
            await asyncio.sleep(0.3)
            assert (await engine.show("r")).state is RunState.RUNNING
        assert effects.begun == ["one"]
        async with opened(make({"f": function})) as engine:
            await engine.wait("r", WITHIN)
        assert effects.done == ["one", "two"]

    async def test_draining_does_not_take_for_ever(self, make: Maker, effects: Effects) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step("one", effects.do("one"))

        effects.hold("one")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: effects.begun)
            assert not await engine.drain(0.1)

    async def test_a_run_of_another_version_is_shown_as_stranded_and_can_be_carried_on(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            await run.step("one", effects.do("one"))
            return await run.step("two", effects.do("two"))

        effects.hold("two")
        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("r", "work", "f"))
            await eventually(lambda: "two" in effects.begun)
        effects.let_go("two")
        async with opened(make({"f": function}, version="2")) as engine:
            await asyncio.sleep(0.5)
            assert [info.id for info in await engine.stranded()] == ["r"]
            assert effects.done == ["one"]
            await engine.cancel("r", ANN)
            await engine.resume("r")
            info = await engine.wait("r", WITHIN)
            assert await engine.stranded() == []
        assert (info.state, info.version) == (RunState.SUCCEEDED, "2")
        assert effects.done == ["one", "two"]

    async def test_a_run_that_was_not_begun_is_carried_by_any_version(
        self, make: Maker, effects: Effects
    ) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.step(run.id, effects.do(run.id))

        for number, version in enumerate(("1", "2", "1")):
            async with opened(make({"f": function}, queues=(), version=version)) as engine:
                await engine.submit(Submission(f"r{number}", "work", "f"))
            following = "2" if version == "1" else "1"
            async with opened(make({"f": function}, version=following)) as engine:
                info = await engine.wait(f"r{number}", WITHIN)
                assert info.version == following

    async def test_old_runs_are_forgotten(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("end", 3600 if value else 0.01)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("old", "work", "f", False))
            await engine.submit(Submission("running", "work", "f", True))
            await engine.wait("old", WITHIN)
            assert await engine.prune(time.time() - 60) == 0
            assert await engine.prune(time.time() + 60) == 1
            assert [info.id for info in await engine.find()] == ["running"]
            with pytest.raises(UnknownRunError, match="there is no run old"):
                await engine.show("old")

    async def test_runs_are_found_by_state_queue_and_prefix(self, make: Maker) -> None:
        async def function(run: Run, value: Json) -> Json:
            return await run.wait_for("end", 3600 if value else 0.01)

        async with opened(make({"f": function})) as engine:
            await engine.submit(Submission("a.1", "work", "f", True))
            await engine.submit(Submission("a.2", "narrow", "f", False))
            await engine.submit(Submission("b.1", "nobody", "f"))
            await engine.submit(Submission("b.2", "nobody", "f"))
            await engine.cancel("b.2", ANN)
            await engine.wait("a.2", WITHIN)
            await waiting_for_signal(engine, "a.1")

            async def ids(**which: object) -> set[str]:
                return {info.id for info in await engine.find(**which)}  # type: ignore[arg-type]

            assert await ids() == {"a.1", "a.2", "b.1", "b.2"}
            assert await ids(prefix="a.") == {"a.1", "a.2"}
            assert await ids(queue="nobody") == {"b.1", "b.2"}
            assert await ids(states={RunState.WAITING}) == {"b.1"}
            assert await ids(states={RunState.RUNNING, RunState.FAILED}) == {"a.1", "a.2"}
            assert await ids(states={RunState.CANCELLED}) == {"b.2"}
            assert await ids(states={RunState.EXPIRED}) == set()
            assert len(await engine.find(limit=2)) == 2

    async def test_an_unknown_run_is_an_error(self, make: Maker) -> None:
        async with opened(make({})) as engine:
            for attempt in (
                engine.show("nobody"),
                engine.wait("nobody", 1),
                engine.cancel("nobody", ANN),
                engine.resume("nobody"),
                engine.signal("nobody", "approval", True, "key"),
            ):
                with pytest.raises(UnknownRunError, match="nobody"):
                    await attempt

    async def test_an_id_is_a_plain_name(self) -> None:
        for wrong in ("", "../up", "a b", "x" * 201, ".", "a/b"):
            with pytest.raises(BadInputError, match="not an id"):
                Submission(wrong, "work", "f")

    async def test_waiting_has_an_end(self, make: Maker) -> None:
        async with opened(make({})) as engine:
            await engine.submit(Submission("r", "nobody", "f"))
            with pytest.raises(TimeoutError):
                await engine.wait("r", 0.1)

    async def test_the_place_of_a_carrier_is_taken_once(self, make: Maker) -> None:
        async with opened(make({})):
            second = make({})
            with pytest.raises(BadInputError, match="carries the runs of 'controller'"):
                await second.open()
            await second.close()
        async with opened(make({})):
            pass
