"""The list of what DBOS would do if it were let, and of what proves that it does not."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_proof_on_the_list_of_traps_is_a_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/why/runs-on-dbos.md").read_text()))
    sources = (file.read_text() for file in (ROOT / "tests").rglob("*.py"))
    known = {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}
    assert len(named) > 13
    assert named <= known, named - known
