"""`opsbook query`"""

import json
import time
from pathlib import Path

from tests.cli.run import opsbook, opsbook_up
from tests.services.platform import one_service

UP = 'opsbook_check_state{state="up"}'


def test_what_was_measured_is_shown_as_a_table_bars_or_json(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        deadline = time.monotonic() + 10
        while "no data" in (shown := opsbook("query", UP, "--data", data).stdout):
            assert time.monotonic() < deadline
        bars = opsbook("query", UP, "--data", data, "--over", "10s").stdout
        answer = json.loads(opsbook("query", "1 + 1", "--data", data, "--json").stdout)
        wrong = opsbook("query", "sum(", "--data", data)
        unsaid = opsbook("query", UP, "--data", data, "--over", "long")
    opsbook("down", book, "--data", data)
    series = 'opsbook_check_state{check="a-greets", service="a", state="up"}'
    assert shown == f"{series}  1\n"
    assert bars.startswith(f"{series}  ▁")
    assert bars.endswith("1 (from 1 to 1)\n")
    assert answer["data"]["result"][1] == "2"
    assert (wrong.returncode, unsaid.returncode) == (2, 2)
    assert "bad_data" in wrong.stderr
    assert "not a duration" in unsaid.stderr
