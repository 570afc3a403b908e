"""Calls that hang keep nobody else up."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from opsbook.core.aside import Aside


async def test_a_call_gives_its_result_or_its_error() -> None:
    assert await Aside().run(lambda: 7) == 7
    with pytest.raises(ValueError, match="nothing"):
        await Aside().run(lambda: int("nothing"))


async def test_who_is_cancelled_leaves_a_hanging_call_behind_and_the_next_waits_for_it() -> None:
    aside, release = Aside(), threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(aside.run(lambda: release.wait(10)), 0.05)
    following = asyncio.create_task(aside.run(lambda: "next"))
    await asyncio.sleep(0.05)
    assert not following.done()
    release.set()
    assert await following == "next"


def test_a_hanging_call_does_not_hold_up_the_end_of_the_process() -> None:
    code = (
        "import asyncio, time\n"
        "from opsbook.core.aside import Aside\n"
        "async def main():\n"
        "    try: await asyncio.wait_for(Aside().run(lambda: time.sleep(30)), 0.1)\n"
        "    except TimeoutError: pass\n"
        "asyncio.run(main())"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
    assert time.monotonic() - started < 10
