"""Values as JSON, as Go's `encoding/json` writes them."""

import json
import math
import re

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.floats import format_float
from opsbook.alerts.templates.language.limits import TextBuffer
from opsbook.alerts.templates.language.values import Struct, Value, encoded, type_name
from opsbook.alerts.templates.layouts import RFC3339
from opsbook.alerts.templates.times import Time

_ESCAPED = re.compile("[<>&\u2028\u2029]")


def to_json(value: object) -> str:
    """Raises CallError for what JSON has no words for, and where it grows too long."""
    out = TextBuffer()
    _write(value, out)
    return str(out)


def _write(value: Value, out: TextBuffer) -> None:
    match value:
        case None | bool():
            out.add(json.dumps(value))
        case Time():
            out.add(_text(value.format(RFC3339)))
        case str():
            out.add(_text(value))
        case int():
            out.add(str(int(value)))
        case float():
            out.add(_float(value))
        case list():
            _write_list(value, out)
        case dict():
            _write_map(dict(sorted(value.items())), out)
        case Struct():
            _write_map({value.json_name(name): each for name, each in value.fields.items()}, out)
        case _:
            raise CallError(f"{type_name(value)} cannot be JSON")


def _write_list(values: list[Value], out: TextBuffer) -> None:
    out.add("[")
    for position, value in enumerate(values):
        out.add("," * bool(position))
        _write(value, out)
    out.add("]")


def _write_map(values: dict[str, Value], out: TextBuffer) -> None:
    out.add("{")
    for position, (name, value) in enumerate(values.items()):
        out.add("," * bool(position))
        out.add(_text(name) + ":")
        _write(value, out)
    out.add("}")


def _text(text: str) -> str:
    """Safe inside a page too: without angle brackets."""
    plain = encoded(text).decode("utf-8", "replace")
    written = json.dumps(plain, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise CallError(f"{format_float(value)} cannot be JSON")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format_float(value, "f")
    return re.sub(r"e-0(\d)$", r"e-\1", format_float(value, "e"))
