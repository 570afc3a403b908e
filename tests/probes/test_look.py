"""One look: what of it is kept."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import create_model

from opsbook.core.clock import SystemClock
from opsbook.core.secrets import Secret
from opsbook.probes.check import Check
from opsbook.probes.look import look_once
from opsbook.probes.model import Measurements, Outcome, State, Value
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.settings import CheckSettings
from tests.probes.checks import look


class Found(Probe):
    """Measures one value, and says it where that is to fail."""

    value: Any
    fails: bool = False

    measures: ClassVar[Mapping[str, str]] = {"value": "what it was given"}

    @property
    def subject(self) -> str:
        return "what was given"

    async def look(self) -> Measurements:
        if self.fails:
            raise ProbeFailedError(str(self.value))
        return {"value": self.value}


CheckOfFound = create_model("CheckOfFound", __base__=CheckSettings, found=(Found, Found(value=0)))


async def outcome_of(value: Value, fails: bool = False, **check: Any) -> Outcome:
    settings = {**check, "found": {"value": value, "fails": fails}}
    return await look_once(Check("a", CheckOfFound.model_validate(settings)), SystemClock())


@pytest.mark.parametrize("number", [float("nan"), 10**400])
async def test_what_is_not_a_number_or_no_metric_can_hold_is_missing(number: Value) -> None:
    outcome = await outcome_of(number, conditions={"value": {"at_most": 5}})
    assert outcome.measurements == {}
    assert outcome.state is State.UNKNOWN


@pytest.mark.parametrize("number", [0, -1.5, True, float("inf"), 2**64])
async def test_every_other_number_is_kept(number: Value) -> None:
    assert (await outcome_of(number)).measurements == {"value": number}


async def test_long_texts_are_cut() -> None:
    assert (await outcome_of("x" * 100_000)).measurements == {"value": "x" * 500}
    assert (await outcome_of("x" * 100_000, fails=True)).message == "x" * 1000


async def test_what_utf8_cannot_hold_does_not_break_those_who_show_it() -> None:
    outcome = await outcome_of(json.loads(r'"a\ud800b"'))
    assert outcome.measurements == {"value": "a?b"}
    assert (await outcome_of(json.loads(r'"a\ud800b"'), fails=True)).message == "a?b"


async def test_a_secret_is_masked_also_where_the_text_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUT_SECRET", "s3cret-to-be-cut")
    secret = Secret("env:CUT_SECRET").reveal()
    outcome = await outcome_of("x" * 495 + secret)
    assert outcome.measurements == {"value": "x" * 495 + "***"}
    failure = await outcome_of("x" * 995 + secret, fails=True)
    assert failure.message == "x" * 995 + "***"


async def test_a_secret_that_is_gone_is_unknown_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GONE_BY_NOW", raising=False)
    url = "http://127.0.0.1:1/"
    outcome = await look("http", {"url": url, "bearer": "env:GONE_BY_NOW"})
    assert outcome.state is State.UNKNOWN
    assert "set the environment variable GONE_BY_NOW" in outcome.message
