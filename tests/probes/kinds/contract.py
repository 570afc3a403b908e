"""What every probe kind must keep. A kind's test inherits this and gives the targets."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from opsbook.probes.probe import probe_kinds
from tests.probes.checks import look, make_check
from tests.servers.loopback import Handler, closing, endless, free_port, garbage, serving, silent

Settings = Mapping[str, Any]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class ProbeContract:
    """Give `kind`, and the fixtures `healthy` and `broken`: settings of the two targets."""

    kind: ClassVar[str]

    @pytest.fixture
    async def healthy(self) -> Settings:
        """Settings of a real target that is well."""
        raise NotImplementedError

    @pytest.fixture
    async def broken(self) -> Settings:
        """Settings of a target that is not there or does not do what it should."""
        raise NotImplementedError

    async def test_a_healthy_target_is_up(self, healthy: Settings) -> None:
        outcome = await look(self.kind, healthy)
        assert outcome.state is State.UP, outcome.message

    async def test_a_broken_target_is_never_up(self, broken: Settings) -> None:
        outcome = await look(self.kind, broken)
        assert outcome.state in (State.DOWN, State.UNKNOWN)

    async def test_a_failure_names_the_place(self, broken: Settings) -> None:
        outcome = await look(self.kind, broken)
        subject = make_check(self.kind, broken).probe.subject
        assert subject in outcome.message

    async def test_it_measures_what_it_declares(self, healthy: Settings) -> None:
        outcome = await look(self.kind, healthy)
        declared = make_check(self.kind, healthy).probe.measured()
        assert outcome.measurements
        assert set(outcome.measurements) <= set(declared)

    async def test_it_says_what_each_measurement_means(self, healthy: Settings) -> None:
        declared = make_check(self.kind, healthy).probe.measured()
        assert declared
        assert all(declared.values())

    async def test_a_measurement_that_is_missing_is_unknown(self, broken: Settings) -> None:
        name = next(iter(make_check(self.kind, broken).probe.measured()))
        outcome = await look(self.kind, broken, conditions={name: {"matches": ""}})
        assert outcome.state is not State.UP

    async def test_it_frees_what_it_opens(self, healthy: Settings, broken: Settings) -> None:
        await look(self.kind, healthy)
        before = open_files()
        for _ in range(5):
            await look(self.kind, healthy)
            await look(self.kind, broken)
        await asyncio.sleep(0.05)
        assert open_files() <= before + 1

    async def test_looks_can_be_repeated_on_one_probe(self, healthy: Settings) -> None:
        probe = make_check(self.kind, healthy).probe
        try:
            first = await probe.look()
            second = await probe.look()
        finally:
            await probe.close()
        assert set(first) == set(second)

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            probe_kinds.load(self.kind).model_validate({"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        kind = probe_kinds.load(self.kind)
        assert kind.__doc__
        assert kind.measures
        assert set(kind.expects) <= set(kind.measures)


class HangingContract:
    """For kinds whose target can accept and never answer: give the fixture `silent`."""

    kind: ClassVar[str]

    @pytest.fixture
    async def silent(self) -> Settings:
        """Settings of a target that accepts and says nothing."""
        raise NotImplementedError

    @pytest.mark.parametrize("declared", ["down", "unknown"])
    async def test_silence_ends_at_the_deadline_as_declared(
        self, silent: Settings, declared: str
    ) -> None:
        started = time.monotonic()
        outcome = await look(self.kind, silent, timeout="300ms", timed_out=declared)
        assert outcome.state == declared
        assert time.monotonic() - started < 2.0

    async def test_a_stopped_look_leaves_nothing_behind(self, silent: Settings) -> None:
        await look(self.kind, silent, timeout="100ms")
        await asyncio.sleep(0.05)
        tasks, files = len(asyncio.all_tasks()), open_files()
        await look(self.kind, silent, timeout="100ms")
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) <= tasks
        assert open_files() <= files + 1


class ServerContract(ProbeContract, HangingContract):
    """For kinds that ask a server on a port: give `at`, and the fixture `healthy`."""

    def at(self, port: int) -> Settings:
        """Settings of whatever listens on a port of 127.0.0.1."""
        raise NotImplementedError

    @pytest.fixture
    async def broken(self) -> Settings:
        return self.at(free_port())

    @pytest.fixture
    async def silent(self) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            yield self.at(port)

    @pytest.mark.parametrize("handler", [closing, garbage, endless])
    async def test_what_speaks_no_such_protocol_is_down_before_the_deadline(
        self, handler: Handler
    ) -> None:
        async with serving(handler) as port:
            outcome = await look(self.kind, self.at(port))
        assert outcome.state is State.DOWN
        assert f"127.0.0.1:{port}" in outcome.message
        assert "no answer" not in outcome.message
