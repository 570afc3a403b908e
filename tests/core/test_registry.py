"""Kinds found by their file."""

import sys
from pathlib import Path

import pytest

from opsbook.core.registry import Registry, UnknownKindError


class Base:
    """What the kinds of these tests derive from."""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Base]:
    package = tmp_path / "kinds_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    base = f"from {__name__} import Base\n"
    (package / "one_kind.py").write_text(base + "class One(Base): pass\nclass _Part(Base): pass\n")
    (package / "two.py").write_text(base + "class A(Base): pass\nclass B(Base): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("kinds_of_a_test")]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("kinds_of_a_test", Base)


def test_a_kind_has_the_name_of_its_file(registry: Registry[Base]) -> None:
    assert registry.names() == ["one-kind", "two"]
    assert registry.load("one-kind").__name__ == "One"


def test_an_unknown_kind_is_told_with_the_nearest_name(registry: Registry[Base]) -> None:
    with pytest.raises(UnknownKindError, match="did you mean one-kind"):
        registry.load("one-kin")


def test_a_file_with_two_kinds_fails_loudly(registry: Registry[Base]) -> None:
    with pytest.raises(TypeError, match="exactly one public Base"):
        registry.load("two")
