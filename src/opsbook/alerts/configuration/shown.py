"""A configuration as it may be shown: what was written, with its secrets hidden."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from opsbook.alerts.configuration.document import Document
from opsbook.alerts.configuration.left_out import GLOBAL
from opsbook.alerts.sending.address import origin
from opsbook.book.source import AsWritten
from opsbook.core.secrets import Secret
from opsbook.metrics.scraping.secret import PlainSecret

_HIDDEN = "<secret>"
_OWN = ("fallback", "apprise_configs")
_ADDRESS = re.compile(r"https?://[^{\[]*")
"""Of such a secret the path is: Alertmanager before 0.26 wants to see an address in its place."""
_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


class _Representer(SafeRepresenter):
    def as_written(self, text: AsWritten) -> ScalarNode:
        tag = {bool: "bool", int: "int"}.get(type(text.value), "float")
        node: ScalarNode = self.represent_scalar(f"tag:yaml.org,2002:{tag}", str(text))
        return node


_Representer.add_representer(AsWritten, _Representer.as_written)


def shown(document: Document) -> str:
    """YAML that says the same and holds no secret.

    What only Opsbook takes stands in comments, so that amtool can read the rest.
    """
    data = {
        key: _hidden(document.written[key], getattr(document, name))
        for name, info in Document.model_fields.items()
        if (key := info.alias or name) in document.written
    }
    for key in GLOBAL:
        (data.get("global") or {}).pop(key, None)
    own = [found for receiver in data.get("receivers") or () if (found := _own(receiver))]
    comment = _yaml({"receivers": own}).splitlines() if own else []
    return _yaml(data) + "".join(f"# {line}\n" for line in comment)


def _own(receiver: dict[str, Any]) -> dict[str, Any]:
    """Take out of a receiver what Alertmanager does not know."""
    taken = {key: receiver.pop(key) for key in _OWN if key in receiver}
    return {"name": receiver["name"], **taken} if taken else {}


def _yaml(data: Any) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # its type is None
    out = StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _hidden(written: Any, read: Any) -> Any:
    """Part of what was written, beside what it was read as."""
    match written, read:
        case (None | "", _):
            return written
        case Mapping(), BaseModel() | Mapping():
            parts = _parts(read)
            return {key: _hidden(value, parts.get(key)) for key, value in written.items()}
        case list(), list() | tuple() if len(written) == len(read):
            return [_hidden(*each) for each in zip(written, read, strict=True)]
    if isinstance(read, PlainSecret) and _ADDRESS.fullmatch(read.reveal()):
        return origin(read.reveal())
    if _holds_secret(read):
        return _HIDDEN
    if isinstance(written, str) and not isinstance(written, AsWritten):
        return _PASSWORD.sub(r"\1***@", written)
    return written


def _holds_secret(read: Any) -> bool:
    if isinstance(read, list | tuple):
        return any(map(_holds_secret, read))
    if isinstance(read, BaseModel | Mapping):
        return any(map(_holds_secret, _parts(read).values()))
    return isinstance(read, Secret)


def _parts(read: BaseModel | Mapping[str, Any]) -> Mapping[str, Any]:
    """By the keys that stand in a file."""
    if isinstance(read, Mapping):
        return read
    fields = type(read).model_fields
    return {info.alias or name: getattr(read, name) for name, info in fields.items()}
