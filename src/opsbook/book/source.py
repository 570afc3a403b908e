"""YAML files → plain data, with the place of every key and value in them."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from opsbook.book.problems import BookError, Mark, Problem

_INCLUDE = "include"
_MOST_NODES = 200_000
"""Aliases of aliases grow without end; no platform has this many lines to say."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUES = {"true", "True", "TRUE"}
_FALSES = {"false", "False", "FALSE"}


Path_ = tuple[str | int, ...]


class AsWritten(str):
    """A scalar without quotes that YAML takes for a number or a boolean, in a file of another
    program, which may want it as text: `1.10` is a number for a limit and text for a label."""

    __slots__ = ("value",)

    def __new__(cls, text: str, value: bool | float) -> Self:
        made = super().__new__(cls, text)
        made.value = value
        return made

    value: bool | float


@dataclass
class Source:
    """A book's data and where each part of it stands. Marks are by path from the root."""

    file: Path
    data: Any = field(default_factory=dict)
    keys: dict[Path_, Mark] = field(default_factory=dict)
    values: dict[Path_, Mark] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def mark(self, path: Path_) -> Mark:
        """Where the value at `path` stands, or the nearest part around it that exists."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark(self.file, 1, 1))


def read_source(file: Path) -> Source:
    """Read a book and everything it includes. Raises BookError with every problem found."""
    source = Source(file)
    problems: list[Problem] = []
    _read_into(source, file.resolve(), file, problems, frozenset())
    if problems:
        raise BookError(problems)
    return source


def read_document(file: Path) -> Source:
    """Read a YAML or JSON file of another program's making: any value may be its root, and no
    key of it means anything here. What is neither text nor null is AsWritten.

    Raises BookError with every problem found.
    """
    source = Source(file)
    problems: list[Problem] = []
    root = _compose(file, problems)
    if root is not None:
        reader = _Reader(file, problems, as_written=True)
        source.data = reader.read(root, ())
        source.files.append(file)
        source.keys, source.values = reader.keys, reader.values
    if problems:
        raise BookError(problems)
    return source


def _read_into(
    source: Source, real: Path, shown: Path, problems: list[Problem], within: frozenset[Path]
) -> None:
    root = _compose(shown, problems)
    if root is None:
        return
    source.files.append(shown)
    source.values.setdefault((), _mark(shown, root))
    reader = _Reader(shown, problems)
    if not isinstance(root, MappingNode):
        got = "a list" if isinstance(root, SequenceNode) else "a single value"
        allowed = "write keys and values, such as `platform: {name: example}`"
        problems.append(
            Problem(_mark(shown, root), "", f"a book is a mapping (got {got})", allowed)
        )
        return
    for key, key_node, value_node in reader.entries(root, ()):
        if key == _INCLUDE:
            names = reader.read(value_node, (_INCLUDE,))
            _include(source, names, value_node, shown, problems, within | {real})
        else:
            _merge(source, key, key_node, value_node, reader)


def _include(
    source: Source,
    names: Any,
    node: Node,
    shown: Path,
    problems: list[Problem],
    within: frozenset[Path],
) -> None:
    wanted = [names] if isinstance(names, str) else names
    if not isinstance(wanted, list) or not all(isinstance(name, str) and name for name in wanted):
        allowed = "write a file name or a list of them; * stands for any"
        problems.append(Problem(_mark(shown, node), _INCLUDE, "not a list of files", allowed))
        return
    for name in wanted:
        pattern = str(Path(name).relative_to("/")) if name.startswith("/") else name
        base = Path("/") if name.startswith("/") else shown.parent
        found = sorted(base.glob(pattern))
        if not found and "*" not in name:
            what = f"no such file (got {name!r})"
            allowed = f"paths are relative to {shown.parent}"
            problems.append(Problem(_mark(shown, node), _INCLUDE, what, allowed))
        for file in found:
            if file.resolve() in within:
                what = f"{file} includes itself (got {name!r})"
                problems.append(Problem(_mark(shown, node), _INCLUDE, what, "remove one include"))
            else:
                _read_into(source, file.resolve(), file, problems, within)


def _merge(source: Source, key: str, key_node: Node, node: Node, reader: "_Reader") -> None:
    """Put one top-level section into the source; sections of several files add up."""
    here = source.data.get(key)
    if (key,) in source.keys and source.keys[(key,)].file == reader.file:
        reader.duplicate((key,), key_node, source.keys[(key,)])
    elif isinstance(here, dict) and isinstance(node, MappingNode):
        for name, name_node, value_node in reader.entries(node, (key,)):
            if name in here:
                reader.duplicate((key, name), name_node, source.keys[key, name])
            else:
                here[name] = reader.read(value_node, (key, name))
                reader.keys[key, name] = _mark(reader.file, name_node)
    elif isinstance(here, list) and isinstance(node, SequenceNode):
        for child in node.value:
            here.append(reader.read(child, (key, len(here))))
    elif key in source.data:
        reader.duplicate((key,), key_node, source.keys[(key,)])
    else:
        source.data[key] = reader.read(node, (key,))
        reader.keys[(key,)] = _mark(reader.file, key_node)
    source.keys.update(reader.keys)
    source.values.update(reader.values)


def _compose(file: Path, problems: list[Problem]) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True  # found by the reader below, with both places
    try:
        with file.open(encoding="utf-8") as stream:
            root: Node | None = yaml.compose(stream)
    except OSError as error:
        problems.append(Problem(Mark(file, 1, 1), "", f"cannot be read: {error.strerror}", None))
        return None
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x})"
        problems.append(Problem(Mark(file, 1, 1), "", what, "save the file as UTF-8"))
        return None
    except YAMLError as error:
        problems.append(_syntax(file, error))
        return None
    except RecursionError:
        what, remedy = "too many levels within each other", "write them out"
        problems.append(Problem(Mark(file, 1, 1), "", what, remedy))
        return None
    except (ValueError, OverflowError) as error:  # of characters that do not exist
        problems.append(Problem(Mark(file, 1, 1), "", f"not YAML: {error}", None))
        return None
    if root is None:
        problems.append(Problem(Mark(file, 1, 1), "", "the file is empty", None))
    return root


def _syntax(file: Path, error: YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file, 1, 1)
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    said = f"not YAML: {what}" + (f", {context}" if context else "")
    return Problem(place, "", said, "check quotes, brackets and indentation")


def _mark(file: Path, node: Node) -> Mark:
    return Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)


class _Reader:
    """Nodes of one file → data; the places of what it read."""

    def __init__(self, file: Path, problems: list[Problem], *, as_written: bool = False) -> None:
        self._as_written = as_written
        self.file = file
        self.keys: dict[Path_, Mark] = {}
        self.values: dict[Path_, Mark] = {}
        self._problems = problems
        self._nodes = 0
        self._around: list[Node] = []

    def read(self, node: Node, path: Path_) -> Any:
        self.values[path] = _mark(self.file, node)
        if node in self._around:
            what = "this alias stands inside of what it names"
            raise BookError([Problem(_mark(self.file, node), dotted(path), what, "write it out")])
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            what = f"more than {_MOST_NODES:,} values"
            raise BookError([Problem(_mark(self.file, node), "", what, "aliases repeat too much")])
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._around.append(node)
        try:
            return self._collection(node, path)
        finally:
            self._around.pop()

    def _collection(self, node: Node, path: Path_) -> Any:
        if isinstance(node, SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        if not isinstance(node, MappingNode):
            raise TypeError(f"YAML node of unknown kind: {node!r}")
        mapping: dict[str, Any] = {}
        for key, key_node, value_node in self.entries(node, path):
            if (*path, key) in self.keys and key in mapping:
                self.duplicate((*path, key), key_node, self.keys[*path, key])
            else:
                self.keys[*path, key] = _mark(self.file, key_node)
                mapping[key] = self.read(value_node, (*path, key))
        return mapping

    def entries(self, node: MappingNode, path: Path_) -> list[tuple[str, Node, Node]]:
        """Keys and values in order, with `<<` merged in: a key of the mapping itself wins."""
        own: list[tuple[str, Node, Node]] = []
        merged: list[tuple[str, Node, Node]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                what = "a key must be a single word"
                self._problems.append(
                    Problem(_mark(self.file, key_node), dotted(path), what, "quote the key")
                )
            elif key_node.value == "<<" and key_node.style is None:
                many = isinstance(value_node, SequenceNode)
                for part in value_node.value if many else [value_node]:
                    if isinstance(part, MappingNode):
                        merged += self.entries(part, path)
            else:
                own.append((str(key_node.value), key_node, value_node))
        named = {key for key, _, _ in own}
        inherited = {key: (key, at, value) for key, at, value in reversed(merged)}
        return own + [entry for key, entry in inherited.items() if key not in named]

    def duplicate(self, path: Path_, node: Node, first: Mark) -> None:
        what = f"duplicate key (got {path[-1]!r} again)"
        allowed = f"it stands at {first} already; remove one"
        self._problems.append(Problem(_mark(self.file, node), dotted(path), what, allowed))

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        if node.style is not None and node.style in "'\"|>":
            return text
        value = self._resolved(text)
        if self._as_written and value is not None and not isinstance(value, str):
            return AsWritten(text, value)
        return value

    def _resolved(self, text: str) -> Any:
        """YAML 1.2 core schema, where `on`, `no` and dates are text; so is `0644`."""
        if text in _NULLS:
            return None
        if text in _TRUES or text in _FALSES:
            return text in _TRUES
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        return text


def dotted(path: Path_) -> str:
    """`checks.gateway.http.url`, `alerts[2].name`: a path as people write it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text
