"""A kind without a test of its own does not pass."""

import importlib

import pytest

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.contract import NotifierContract


@pytest.mark.parametrize("kind", notifier_kinds.names())
def test_every_kind_keeps_the_contract(kind: str) -> None:
    tests = vars(importlib.import_module(f"tests.alerts.notifiers.test_{kind}")).values()
    found = [each for each in tests if isinstance(each, type) and each is not NotifierContract]
    kept = [each for each in found if issubclass(each, NotifierContract)]
    assert kind in [each.kind for each in kept if hasattr(each, "kind")]
