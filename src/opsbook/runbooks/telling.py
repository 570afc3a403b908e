"""What a step is about, as people are told of it."""

from collections.abc import Mapping
from typing import Any

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.runbooks.action import Action
from opsbook.runbooks.template import Template

_LONGEST = 500


def told(action: Action, values: Mapping[str, Any]) -> str:
    """Its subject with what is known by now filled in, secrets masked: whoever approves a step
    has to see what it is, not how the book writes it. As written where that cannot be."""
    try:
        text = Template(action.subject).text(values)
    except (BadInputError, ValueError):
        text = action.subject
    said = mask(text)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
