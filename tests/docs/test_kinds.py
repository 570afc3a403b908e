"""A kind without a test of its own does not pass."""

import importlib

import pytest

from opsbook.alerts.notifier import notifier_kinds
from opsbook.metrics.store import store_kinds
from opsbook.probes.probe import probe_kinds
from opsbook.services.controller import controller_kinds
from tests.alerts.notifiers.contract import NotifierContract
from tests.metrics.stores.contract import StoreContract
from tests.probes.kinds.contract import ProbeContract
from tests.services.controllers.contract import ControllerContract


def kinds_under_contract(module: str, contract: type) -> set[str]:
    """The kinds for which a test module holds the whole contract."""
    return {
        value.kind  # type: ignore[attr-defined]
        for name, value in vars(importlib.import_module(module)).items()
        if name.startswith("Test") and isinstance(value, type) and issubclass(value, contract)
    }


@pytest.mark.parametrize("kind", probe_kinds.names())
def test_every_probe_kind_keeps_the_contract(kind: str) -> None:
    module = f"tests.probes.kinds.test_{kind.replace('-', '_')}"
    assert kind in kinds_under_contract(module, ProbeContract)


@pytest.mark.parametrize("kind", controller_kinds.names())
def test_every_controller_keeps_the_contract(kind: str) -> None:
    module = f"tests.services.controllers.test_{kind.replace('-', '_')}"
    assert kind in kinds_under_contract(module, ControllerContract)


@pytest.mark.parametrize("kind", store_kinds.names())
def test_every_store_keeps_the_contract(kind: str) -> None:
    module = f"tests.metrics.stores.test_{kind.replace('-', '_')}"
    assert kind in kinds_under_contract(module, StoreContract)


@pytest.mark.parametrize("kind", notifier_kinds.names())
def test_every_notifier_keeps_the_contract(kind: str) -> None:
    module = f"tests.alerts.notifiers.test_{kind.replace('-', '_')}"
    assert kind in kinds_under_contract(module, NotifierContract)
