"""One look of a check → its outcome, fit to be kept and shown."""

import asyncio
import logging
import math

from opsbook.core.clock import Clock
from opsbook.core.errors import OpsbookError
from opsbook.core.secrets import mask
from opsbook.probes.check import Check
from opsbook.probes.model import Measurements, Outcome, Value
from opsbook.probes.probe import ProbeError

logger = logging.getLogger(__name__)

_LONGEST_VALUE = 500
_LONGEST_MESSAGE = 1000
"""Characters kept of a text: an outcome is for people, not an archive."""
_MOST_BITS = 1023
"""Of an integer: a longer one is no metric, for no float can hold it."""


async def look_once(check: Check, clock: Clock) -> Outcome:
    """One look within its deadline, judged. Never raises but for cancellation."""
    at, started = clock.now(), clock.monotonic()
    try:
        async with asyncio.timeout(check.settings.timeout):
            measurements = await check.probe.look()
        return check.judge(at, clock.monotonic() - started, _kept(measurements))
    except TimeoutError:
        return check.timed_out(at, clock.monotonic() - started)
    except ProbeError as error:
        shown = type(error)(_shown(str(error), _LONGEST_MESSAGE), _kept(error.measurements))
        return check.failed(at, clock.monotonic() - started, shown)
    except OpsbookError as error:  # a secret that is gone, for one: not the target's fault
        return check.failed(at, clock.monotonic() - started, error)
    except Exception as error:
        logger.exception("probe of check %s broke", check.name)
        broke = f"the probe itself broke: {type(error).__name__}: {error}"
        unknown = RuntimeError(_shown(broke, _LONGEST_MESSAGE))
        return check.failed(at, clock.monotonic() - started, unknown)


def _kept(measurements: Measurements) -> Measurements:
    """The measurements that are some: what is not a number (NaN) counts as missing."""
    return {
        name: _shown(value, _LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in measurements.items()
        if _is_measured(value)
    }


def _is_measured(value: Value) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    return not isinstance(value, int) or value.bit_length() <= _MOST_BITS


def _shown(text: str, longest: int) -> str:
    """A target may echo the secret it was sent, end never, and hold what UTF-8 cannot."""
    # Masked before it is cut: the first half of a secret would not be known for one.
    return mask(text)[:longest].encode("utf-8", errors="replace").decode("utf-8")
