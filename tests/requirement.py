"""Real servers for tests: where one cannot be had, the test says so; CI must have them all."""

import os
import shutil

import pytest


def needs_program(name: str, package: str | None = None) -> str:
    """The path of a program; without it the test is skipped, and under CI it fails."""
    found = shutil.which(name) or shutil.which(
        name, path="/usr/sbin:/usr/lib/systemd:/usr/local/sbin"
    )
    return found or missing(f"{name} is not installed; apt-get install {package or name}")


def missing(reason: str) -> str:
    """Skip with the reason shown; fail where CI=true promises that nothing is missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
