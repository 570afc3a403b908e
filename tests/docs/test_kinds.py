"""A kind without a test of its own does not pass."""

import importlib

import pytest

from tests.alerts.notifiers.contract import NotifierContract
from tests.backups.destinations.contract import DestinationContract
from tests.backups.sources.contract import SourceContract
from tests.databases.engines.contract import EngineContract
from tests.docs.plugs import KINDS
from tests.drills.faults.contract import FaultContract
from tests.metrics.stores.contract import StoreContract
from tests.probes.kinds.contract import ProbeContract
from tests.runbooks.steps.contract import StepContract
from tests.services.controllers.contract import ControllerContract

CONTRACTS = {
    "probes": ("tests.probes.kinds", ProbeContract),
    "controllers": ("tests.services.controllers", ControllerContract),
    "stores": ("tests.metrics.stores", StoreContract),
    "notifiers": ("tests.alerts.notifiers", NotifierContract),
    "steps": ("tests.runbooks.steps", StepContract),
    "faults": ("tests.drills.faults", FaultContract),
    "sources": ("tests.backups.sources", SourceContract),
    "destinations": ("tests.backups.destinations", DestinationContract),
    "engines": ("tests.databases.engines", EngineContract),
}


@pytest.mark.parametrize(("plugs", "kind"), KINDS)
def test_every_kind_keeps_the_contract(plugs: str, kind: str) -> None:
    package, contract = CONTRACTS[plugs]
    module = importlib.import_module(f"{package}.test_{kind.replace('-', '_')}")
    assert kind in {
        value.kind  # type: ignore[attr-defined]
        for name, value in vars(module).items()
        if name.startswith("Test") and isinstance(value, type) and issubclass(value, contract)
    }
