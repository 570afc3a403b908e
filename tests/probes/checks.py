"""Checks for tests, built from book text as the product builds them."""

from collections.abc import Mapping
from typing import Any

from opsbook.book.kinds import with_kinds
from opsbook.core.clock import SystemClock
from opsbook.probes.check import Check
from opsbook.probes.look import look_once
from opsbook.probes.model import Outcome
from opsbook.probes.probe import probe_kinds
from opsbook.probes.settings import CheckSettings


def make_check(kind: str, settings: Mapping[str, Any], **check: Any) -> Check:
    """A check of one kind; `check` holds its keys beside the kind: timeout, conditions…"""
    model = with_kinds(CheckSettings, probe_kinds, [kind], "probe")
    return Check(f"a-{kind}-check", model.model_validate({kind: dict(settings), **check}))


async def look(kind: str, settings: Mapping[str, Any], **check: Any) -> Outcome:
    """One look, judged, with everything the probe holds freed afterwards."""
    made = make_check(kind, settings, **check)
    try:
        return await look_once(made, SystemClock())
    finally:
        await made.probe.close()
