"""What Alertmanager's own tool says of configurations."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.requirement import needs_program

_PACKAGE = "prometheus-alertmanager"


def refused_by_amtool(files: Sequence[Path]) -> set[Path]:
    """Those that `amtool check-config` refuses; it crashes on some, which are refused too."""
    amtool = needs_program("amtool", _PACKAGE)
    command = [amtool, "check-config", *map(str, files)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    blocks = re.split(r"^Checking '(.*?)'", said.stdout, flags=re.MULTILINE)[1:]
    verdicts = list(zip(blocks[::2], blocks[1::2], strict=True))
    refused = {Path(name) for name, text in verdicts if "SUCCESS" not in text or "FAILED" in text}
    asked = [Path(name) for name, _ in verdicts]
    left = [file for file in files if file not in asked]
    return refused | (refused_by_amtool(left) if left else set())


def receivers_by_amtool(file: Path, labels: Sequence[str]) -> list[str]:
    """Whom `amtool config routes test` finds for an alert with these labels."""
    amtool = needs_program("amtool", _PACKAGE)
    command = [amtool, "config", "routes", "test", f"--config.file={file}", *labels]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return said.stdout.strip().split(",")


def routes_by_amtool(file: Path) -> str:
    """How `amtool config routes show` writes a tree."""
    amtool = needs_program("amtool", _PACKAGE)
    command = [amtool, "config", "routes", "show", f"--config.file={file}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
