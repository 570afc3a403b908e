"""The book's `drills:`"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.book.source import Source
from opsbook.drills.rules import drill_problems
from tests.drills.scene import EXPECT, settings

KILL = {"kill": {"service": "a"}}


def test_a_drill_knows_whom_it_hurts(tmp_path: Path) -> None:
    disk = {"fill-disk": {"directory": "full", "up_to": "1 MB"}, "service": "b"}
    found = settings(tmp_path, kill=KILL, disk=disk)
    assert (found["kill"].kind, found["kill"].target) == ("kill", "a")
    assert (found["disk"].kind, found["disk"].target) == ("fill-disk", "b")


@pytest.mark.parametrize(
    ("drill", "reason"),
    [
        ({}, "no fault named: give one of command, expire-certificate, fill-disk, hang"),
        ({**KILL, "hang": {"service": "a"}}, "more than one fault"),
        ({**KILL, "lasts": "1s"}, "let it last 5 s at least"),
        ({**KILL, "lasts": "2h"}, "less than or equal to 3600"),
        ({**KILL, "window": {"at": "02:00", "lasting": "1h"}}, "a window without an interval"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, drill: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(tmp_path, d=drill)


def problems(directory: Path, **drill: Any) -> list[str]:
    drills = settings(directory, d=drill)
    found = drill_problems(
        drills, {"a": 1}, {"a-greets": 1}, ["on-call"], {"mend": 1}, Source(Path("book.yaml"))
    )
    return [str(each) for each in found]


def test_names_have_to_stand_for_something(tmp_path: Path) -> None:
    expect = {
        "detected": {"within": "1s", "by": ["b-greets"]},
        "notified": {"within": "1s", "receiver": "off-call"},
        "recovered": {"within": "1s"},
    }
    found = problems(tmp_path, kill={"service": "b"}, expect=expect)
    assert [each.split(": ")[1] for each in found] == ["no such name (got 'b'), known"] + [
        f"no such name (got '{name}'), did you mean {meant}?"
        for name, meant in (("b-greets", "a-greets"), ("off-call", "on-call"))
    ]


def test_a_fault_that_nothing_could_detect_is_found(tmp_path: Path) -> None:
    disk = {"directory": "full", "up_to": "1 MB"}
    (found,) = problems(tmp_path, **{"fill-disk": disk, "expect": EXPECT})
    assert "nothing could detect it" in found
    assert problems(tmp_path, **KILL, expect=EXPECT) == []


def test_only_a_runbook_may_go_undetected(tmp_path: Path) -> None:
    expect = {"recovered": {"within": "1s"}}
    (found,) = problems(tmp_path, **KILL, expect=expect)
    assert "nobody has to detect it" in found
    assert problems(tmp_path, runbook={"name": "mend"}, expect=expect) == []
    (found,) = problems(tmp_path, runbook={"name": "bend"}, expect=expect)
    assert "no such name (got 'bend'), did you mean mend?" in found
