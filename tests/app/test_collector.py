"""The garbage collector after everything is built."""

import subprocess
import sys


def test_what_is_built_is_not_looked_at_again() -> None:
    code = (
        "import gc; from opsbook.app.collector import spare_the_collector\n"
        "spare_the_collector(); print(gc.get_freeze_count() > 1000, gc.get_threshold()[0])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True 20000\n"
