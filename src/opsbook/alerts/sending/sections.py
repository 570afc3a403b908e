"""Sections of settings that may stand there empty, as YAML's `tls_config:` does."""

from typing import Any

from pydantic import BeforeValidator


def _nothing_said(value: Any) -> Any:
    return {} if value is None else value


Blank = BeforeValidator(_nothing_said)
"""Before a Section: nothing is the same as an empty one."""
