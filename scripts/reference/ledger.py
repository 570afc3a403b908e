"""The page of the ledger, from every place in the code that writes into it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import opsbook
from opsbook.state.chain import Entry, link
from scripts.reference.markdown import first_line, one_line, page, table

_LEDGERS = ("ledger", "_ledger")
"""Names under which code has the ledger; the first argument of its `record` is the kind."""
_NOT_TOLD = ("actor", "also")
"""What is given with an entry and is not in its body."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class EntryKind:
    """A kind of entry and the names in its body."""

    name: str
    body: tuple[str, ...]


def ledger_page() -> str:
    return page(
        "The ledger",
        first_line(Entry),
        one_line(link.__doc__ or ""),
        "Every entry has " + ", ".join(f"`{field.name}`" for field in fields(Entry)) + ".",
        "What the kinds mean is told in [how to read the ledger](../howto/read-the-ledger.md).",
        table(
            ("kind", "in its body"),
            (
                (f"`{kind.name}`", ", ".join(f"`{name}`" for name in kind.body))
                for kind in entry_kinds()
            ),
        ),
    )


def entry_kinds() -> list[EntryKind]:
    """Every kind that the code can write.

    Raises TypeError where the kind is not to be read from the code: then nobody could say
    that the list is complete.
    """
    bodies: dict[str, dict[str, None]] = {}
    for file in sorted(Path(opsbook.__file__).parent.rglob("*.py")):
        for call, function in _writes(ast.parse(file.read_text(encoding="utf-8"))):
            for name in _kinds(call.args[0], function, file):
                given = [each.arg for each in call.keywords if each.arg]
                told = [each for each in given if each not in _NOT_TOLD]
                bodies.setdefault(name, {}).update(dict.fromkeys(told))
    return [EntryKind(name, tuple(body)) for name, body in sorted(bodies.items())]


def _writes(tree: ast.Module) -> list[tuple[ast.Call, _Function]]:
    """Each call that writes an entry with a kind of its own, with the function around it."""
    direct = list(_calls(tree, {(name, "record") for name in _LEDGERS}))
    forwarders = {("self", around.name) for call, around in direct if _passed_on(call, around)}
    own = [(call, around) for call, around in direct if not _passed_on(call, around)]
    return own + list(_calls(tree, forwarders))


def _calls(tree: ast.Module, named: set[tuple[str, str]]) -> Iterator[tuple[ast.Call, _Function]]:
    for around in ast.walk(tree):
        if isinstance(around, _Function):
            for node in ast.walk(around):
                if isinstance(node, ast.Call) and _called(node.func) in named:
                    yield node, around


def _called(function: ast.expr) -> tuple[str, str] | None:
    """The last name before a method, and the method."""
    if not isinstance(function, ast.Attribute):
        return None
    on = function.value
    if isinstance(on, ast.Attribute):
        return on.attr, function.attr
    return (on.id, function.attr) if isinstance(on, ast.Name) else None


def _passed_on(call: ast.Call, around: _Function) -> bool:
    """Whether the kind is a parameter of the function around it: its callers have the text."""
    kind = call.args[0]
    return isinstance(kind, ast.Name) and kind.id in [each.arg for each in around.args.args]


def _kinds(kind: ast.expr, around: _Function, file: Path) -> list[str]:
    """The texts that this expression can be."""
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        return [kind.value]
    if isinstance(kind, ast.IfExp):
        return _kinds(kind.body, around, file) + _kinds(kind.orelse, around, file)
    given = [
        node.value
        for node in ast.walk(around)
        if isinstance(node, ast.Assign)
        and isinstance(kind, ast.Name)
        and any(isinstance(to, ast.Name) and to.id == kind.id for to in node.targets)
    ]
    if not given:
        raise TypeError(f"{file}:{kind.lineno}: write the kind of the entry as a text")
    return [text for value in given for text in _kinds(value, around, file)]
