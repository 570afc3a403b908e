"""Files written for Prometheus → models, or every problem with its place."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from opsbook.book.load import load_document
from opsbook.book.problems import Problem
from opsbook.book.source import Source

B = TypeVar("B", bound=BaseModel)


def load_prometheus(
    file: Path, model: type[B], *rules: Callable[[B, Source], list[Problem]]
) -> tuple[B, Source]:
    """As `load_document`; secrets are taken as they stand in the file."""
    return load_document(file, model, *rules, plain_secrets=True)
